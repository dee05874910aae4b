"""``POST /v1/pos/purchases``: a completed sale comes in."""

from litestar import Controller, post
from litestar.params import JSONBody
from litestar.types import Scope

from api.callers import TerminalCaller
from api.documented import created, write_refusals
from api.idempotency import Answered, IdempotencyKey, plain_key
from api.pos.posting import Postings, rehearse
from api.pos.receipts import PurchaseReceipt
from api.pos.sales import PurchaseRequest, to_submission
from api.requests import decode_body
from api.services import Services
from api.short_way import ShortWay


async def _record(scope: Scope, key: str, request: PurchaseRequest) -> Answered:
    state = scope["litestar_app"].state
    services: Services = state.services
    postings: Postings = state.postings
    caller: TerminalCaller = scope["user"]
    submission = await to_submission(services, caller, key, request)
    if caller.training:
        return Answered(*await rehearse(services, submission))
    return Answered(*await postings.put(submission))


async def _record_plainly(scope: Scope, body: bytes) -> Answered | None:
    key = plain_key(scope)
    return None if key is None else await _record(scope, key, decode_body(body, PurchaseRequest))


class PurchasesController(Controller):
    path = "/v1/pos/purchases"
    tags = ("Till: sales",)
    middleware = (ShortWay(_record_plainly),)

    @post(
        operation_id="recordPurchase",
        summary="Record a completed sale",
        responses=created(PurchaseReceipt) | write_refusals(401, 404, 422),
    )
    async def record(
        self,
        data: JSONBody[PurchaseRequest],
        idempotency_key: IdempotencyKey,
        scope: Scope,
    ) -> Answered:
        """Earns points, captures the hold it names, and answers the receipt. Never refused for being late.

        The same receipt, under this or another key, gets the first answer again; the same receipt with other content is
        refused, naming the difference.
        """
        return await _record(scope, idempotency_key, data)
