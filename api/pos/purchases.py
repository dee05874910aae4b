"""``POST /v1/pos/purchases``: a completed sale comes in."""

from litestar import Controller, Response, post
from litestar.params import JSONBody

from api.dependencies import PostingsOf, ServicesOf, Terminal
from api.idempotency import IdempotencyKey, answered
from api.pos.posting import rehearse
from api.pos.sales import PurchaseRequest, to_submission


class PurchasesController(Controller):
    path = "/v1/pos/purchases"
    tags = ("Till",)

    @post(operation_id="pos_record_purchase", summary="Record a completed sale")
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
