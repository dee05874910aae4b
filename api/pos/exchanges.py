"""``POST /v1/pos/exchanges``: goods come back and others are taken, as one document."""

from datetime import datetime

from litestar import post
from litestar.params import JSONBody
from msgspec import Struct
from msgspec.structs import replace

from api.dependencies import ServicesOf, Terminal
from api.documented import created, write_refusals
from api.idempotency import Answered, IdempotencyKey, answer_once, canonical_body
from api.pos.posting import document_to_print
from api.pos.receipts import PurchaseReceipt, purchase_receipt
from api.pos.refund_views import RefundView, refund_view
from api.pos.refunds import RefundRequest, to_return
from api.pos.sales import PurchaseRequest, to_submission
from api.services import Services
from kernel.database import WriteSession
from loyalty.answers import KeyId
from loyalty.exchanges import Exchanged, record_exchange
from loyalty.purchases.outcome import Repeated
from loyalty.refunds.recording import RefundSubmission


class ExchangeRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A refund and a sale, each with a receipt of its own, made at the same till."""

    refund: RefundRequest
    purchase: PurchaseRequest


class ExchangeReceipt(Struct, frozen=True, kw_only=True):
    """Both halves. ``to_pay_minor`` is what the customer pays on top; below zero, what the drawer pays."""

    refund: RefundView
    purchase: PurchaseReceipt
    to_pay_minor: int


@post(
    "/v1/pos/exchanges",
    operation_id="recordExchange",
    summary="Exchange goods",
    description=(
        "A refund and a sale in one transaction: both are recorded or neither is. The sale that the goods were of must "
        "have come. Sent again, under this or another key, both receipts lead to the first answer."
    ),
    tags=["Till: refunds"],
    responses=created(ExchangeReceipt) | write_refusals(401, 404, 422),
)
async def exchange(
    data: JSONBody[ExchangeRequest], caller: Terminal, services: ServicesOf, idempotency_key: IdempotencyKey
) -> Answered:
    async with services.database.read() as session:
        refund = await to_return(session, caller, data.refund)
    sale = await to_submission(services, caller, idempotency_key, data.purchase)
    body = canonical_body("recordExchange", {"refund": refund, "purchase": sale.sale})
    returned = RefundSubmission(KeyId(caller.client, idempotency_key), refund, caller.actor, body)
    sold = replace(sale, body=body)

    async def act(session: WriteSession, now: datetime) -> ExchangeReceipt | Repeated:
        outcome = await record_exchange(session, returned, sold, programmes=services.programmes, now=now)
        return outcome if isinstance(outcome, Repeated) else _receipt(services, outcome, prints=sold.prints)

    return await answer_once(services, caller, idempotency_key, body, act, rehearsal=caller.training)


def _receipt(services: Services, outcome: Exchanged, *, prints: bool) -> ExchangeReceipt:
    refund = refund_view(outcome.refunded)
    purchase = purchase_receipt(outcome.sold, document_to_print(services, outcome.sold, prints=prints))
    return ExchangeReceipt(refund=refund, purchase=purchase, to_pay_minor=purchase.to_pay_minor - refund.cash_minor)
