"""``POST /v1/pos/returns``: goods come back and the customer has no receipt."""

from datetime import datetime
from typing import Annotated

from litestar import post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from api import fields
from api.callers import TerminalCaller
from api.dependencies import ServicesOf, Terminal
from api.documented import created, write_refusals
from api.idempotency import Answered, IdempotencyKey, answer_once
from api.pos.refund_views import RefundView, refund_view
from api.pos.sales import MemberRef, acting_place, resolve_reference
from api.services import Services
from kernel.database import WriteSession
from kernel.errors import UnprocessableError
from loyalty.answers import KeyId
from loyalty.purchases.checking import check_instants
from loyalty.purchases.outcome import Repeated
from loyalty.purchases.sale import MAX_LINES, Code, Instant, ReceiptRef, Sale, SaleLine, canonical
from loyalty.refunds.unreceipted import ReturnSubmission, UnreceiptedReturn, record_return


class ReturnRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came back, as lines of the sale that it would be today. ``receipt`` is the return's own."""

    member: MemberRef
    receipt: ReceiptRef
    occurred_at: Instant
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)", examples=["EUR"])]
    lines: Annotated[tuple[SaleLine, ...], Meta(min_length=1, max_length=MAX_LINES)]
    reason: fields.Reason | None = None
    terminal: Code | None = None
    cashier: Code | None = None
    sent_at: Instant | None = None
    offline: bool = False
    attempt: Annotated[int, Meta(ge=1, le=10_000)] = 1


class MemberMissingError(UnprocessableError):
    """Without a sale only the member says whose points are to be taken."""

    code = "member_missing"
    title = "A return without receipt names its member."


@post(
    "/v1/pos/returns",
    operation_id="recordReturn",
    summary="Take goods back without a receipt",
    description=(
        "Where the programme allows it. The member gives back the points that these lines would earn now, as if none "
        "of the limits had been used: from what is available, and what is missing by the wallet's debt policy."
    ),
    tags=["Till: refunds"],
    responses=created(RefundView) | write_refusals(401, 403, 404, 422),
)
async def take_back(
    data: JSONBody[ReturnRequest], caller: Terminal, services: ServicesOf, idempotency_key: IdempotencyKey
) -> Answered:
    goods = UnreceiptedReturn(basket=await _basket(services, caller, data), reason=data.reason)
    key = KeyId(caller.client, idempotency_key)
    submission = ReturnSubmission(key, goods, caller.actor, canonical(goods))

    async def act(session: WriteSession, now: datetime) -> RefundView | Repeated:
        outcome = await record_return(session, submission, programmes=services.programmes, now=now)
        return outcome if isinstance(outcome, Repeated) else refund_view(outcome)

    return await answer_once(services, caller, idempotency_key, submission.body, act, rehearsal=caller.training)


async def _basket(services: Services, caller: TerminalCaller, data: ReturnRequest) -> Sale:
    acting = acting_place(caller, data.terminal)
    check_instants(occurred_at=data.occurred_at)
    member_id, _ = await resolve_reference(services, caller, data.member, at=services.clock())
    if member_id is None:
        raise MemberMissingError
    return Sale(
        store_id=acting.store_id,
        terminal_id=acting.terminal_id,
        cashier_id=data.cashier or caller.cashier_id,
        channel=acting.kind,
        member_id=member_id,
        receipt=data.receipt,
        stated_at=data.occurred_at,
        currency=data.currency,
        lines=data.lines,
        total_minor=sum(line.amount_minor - line.discount_minor for line in data.lines),
    )
