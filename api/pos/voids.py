"""``POST /v1/pos/voids``: a till takes back a hold or a sale whose outcome it does not know."""

from datetime import datetime
from typing import Annotated

from litestar import post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from api.callers import TerminalCaller
from api.dependencies import ServicesOf, Terminal
from api.documented import created, write_refusals
from api.idempotency import Answered, IdempotencyKey, canonical_body, settle_once
from api.pos.holds import HoldView
from api.pos.holds import view as hold_view
from api.pos.refund_views import RefundView, refund_view
from api.pos.sales import acting_place
from api.services import Services
from kernel.database import WriteSession
from kernel.errors import UnprocessableError
from loyalty.answers import KeyId
from loyalty.holds import Checkout, find_hold, void_hold
from loyalty.purchases.checking import check_named
from loyalty.purchases.outcome import HoldNotFoundError, Repeated
from loyalty.purchases.sale import Code, ReceiptRef
from loyalty.receipts import member_and_number
from loyalty.refunds.voiding import VoidSubmission, void_sale


class VoidRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exactly one of: a hold by id, a hold by the till's reference, a sale by its receipt."""

    hold_id: Annotated[str, Meta(max_length=64)] | None = None
    hold_reference: Annotated[str, Meta(min_length=1, max_length=128)] | None = None
    receipt: ReceiptRef | None = None
    terminal: Code | None = None


class VoidAnswer(Struct, frozen=True, kw_only=True):
    """What was undone. Without a hold and a refund nothing had happened yet: from now on it cannot."""

    kind: str
    """``hold`` or ``sale``."""
    hold: HoldView | None = None
    refund: RefundView | None = None


class VoidUnclearError(UnprocessableError):
    """Several things are named, or none."""

    code = "void_unclear"
    title = "Name one thing to void: hold_id, hold_reference or receipt."


@post(
    "/v1/pos/voids",
    operation_id="voidAtTill",
    summary="Void a hold or a sale",
    description=(
        "A sale of the terminal's store. One that has not come yet is refused when it comes; a recorded one is "
        "refunded whole, once: voided again, under any key, it gets the first answer. One that refunds have brought "
        "back entirely is refused with `sale_refunded`."
    ),
    tags=["Till: sales"],
    responses=created(VoidAnswer) | write_refusals(401, 404, 422),
)
async def void_at_till(
    data: JSONBody[VoidRequest], caller: Terminal, services: ServicesOf, idempotency_key: IdempotencyKey
) -> Answered:
    return Answered(*await settle_void(services, caller, idempotency_key, data))


async def settle_void(
    services: Services, caller: TerminalCaller, idempotency_key: str, data: VoidRequest
) -> tuple[int, bytes]:
    """Status and bytes for one void.

    Raises ``VoidUnclearError``, ``SaleInconsistentError`` for a receipt that is not named, ``TerminalForeignError``.
    """
    if sum(name is not None for name in (data.hold_id, data.hold_reference, data.receipt)) != 1:
        raise VoidUnclearError
    if data.receipt is not None:
        check_named(data.receipt, at="receipt")
    acting = acting_place(caller, data.terminal)

    async def act(session: WriteSession, now: datetime) -> VoidAnswer | Repeated:
        if data.receipt is not None:
            submission = VoidSubmission(
                key=KeyId(caller.client, idempotency_key),
                receipt=data.receipt,
                store_id=acting.store_id,
                terminal_id=acting.terminal_id,
                cashier_id=caller.cashier_id,
                actor=caller.actor,
            )
            voided = await void_sale(session, submission, programmes=services.programmes, now=now)
            if isinstance(voided, Repeated):
                return voided
            return VoidAnswer(kind="sale", refund=refund_view(voided.refunded) if voided.refunded else None)
        if data.hold_id is not None:
            key = member_and_number("hld", data.hold_id)
        else:
            key = await find_hold(session, terminal_id=acting.terminal_id, reference=data.hold_reference or "")
        if key is None:
            raise HoldNotFoundError
        checkout = Checkout(acting.store_id, acting.terminal_id)
        voided_hold = await void_hold(session, *key, checkout=checkout, actor=caller.actor, now=now)
        return VoidAnswer(kind="hold", hold=hold_view(voided_hold))

    body = canonical_body("voidAtTill", data)
    return await settle_once(services, caller, idempotency_key, body, act, rehearsal=caller.training)
