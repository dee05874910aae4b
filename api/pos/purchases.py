"""``POST /v1/pos/purchases``: a completed sale comes in."""

from litestar import Controller, Response, post
from litestar.params import JSONBody

from api.dependencies import PostingsOf, ServicesOf, Terminal
from api.documented import created, write_refusals
from api.idempotency import IdempotencyKey, answered
from api.pos.posting import rehearse
from api.pos.receipts import PurchaseReceipt
from api.pos.sales import PurchaseRequest, to_submission


class PurchasesController(Controller):
    path = "/v1/pos/purchases"
    tags = ("Till: sales",)

    @post(
        operation_id="recordPurchase",
        summary="Record a completed sale",
        responses=created(PurchaseReceipt) | write_refusals(401, 404, 422),
    )
    async def record(
        self,
        data: JSONBody[PurchaseRequest],
        services: ServicesOf,
        postings: PostingsOf,
        caller: Terminal,
        idempotency_key: IdempotencyKey,
    ) -> Response[bytes]:
        """Earns points, captures the hold it names, and answers the receipt. Never refused for being late.

        The same receipt, under this or another key, gets the first answer again; the same receipt with other content is
        refused, naming the difference.
        """
        submission = await to_submission(services, caller, idempotency_key, data)
        if caller.training:
            return answered(*await rehearse(services, submission))
        return answered(*await postings.put(submission))
