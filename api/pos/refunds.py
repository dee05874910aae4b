"""``/v1/pos/refunds`` and their quotes: goods come back."""

from datetime import datetime
from typing import Annotated

from litestar import post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from api import fields
from api.callers import TerminalCaller
from api.dependencies import ServicesOf, Terminal
from api.documented import created, refusals, write_refusals
from api.idempotency import Answered, IdempotencyKey, settle_once
from api.pos.refund_views import RefundView, refund_view
from api.pos.sales import acting_place, receipt_key_at
from api.services import Services
from kernel.database import ReadSession, WriteSession, driver
from kernel.errors import UnprocessableError
from loyalty.answers import KeyId
from loyalty.purchases.checking import check_instants, check_named
from loyalty.purchases.outcome import Repeated
from loyalty.purchases.sale import MAX_LINES, Code, Instant, ReceiptRef, canonical
from loyalty.receipts import member_and_number
from loyalty.refunds import recording
from loyalty.refunds.original import receipt_key_of
from loyalty.refunds.recording import RefundSubmission
from loyalty.refunds.returned import PurchaseNotFoundError, Return, ReturnedLine, Waiting
from loyalty.stores import read_store
from loyalty.terminals import Place

_QUOTED = ReceiptRef(number="/", shift="/")
"""No till can send these: a quote is never taken for a refund that was made."""


class OriginalRef(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The sale: by our id, or by its receipt, from any store. Store and terminal default to those of the refund."""

    purchase_id: Annotated[str, Meta(max_length=64)] | None = None
    receipt: ReceiptRef | None = None
    store: Code | None = None
    terminal: Code | None = None


class RefundQuoteRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to come back; no lines: everything that has not come back yet."""

    original: OriginalRef
    lines: Annotated[tuple[ReturnedLine, ...], Meta(max_length=MAX_LINES)] = ()
    occurred_at: Instant | None = None
    terminal: Code | None = None
    """For a hub: the terminal where the goods come back."""


class RefundRequest(RefundQuoteRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A refund that has been made. ``receipt`` is the refund's own."""

    receipt: ReceiptRef
    occurred_at: Instant
    reason: fields.Reason | None = None
    cashier: Code | None = None
    sent_at: Instant | None = None
    offline: bool = False
    attempt: Annotated[int, Meta(ge=1, le=10_000)] = 1


class OriginalUnclearError(UnprocessableError):
    """Neither an id nor a receipt, or both."""

    code = "original_unclear"
    title = "Name the purchase by purchase_id or by receipt."


@post(
    "/v1/pos/refund-quotes",
    operation_id="quoteRefund",
    summary="Quote a refund",
    description="Before cash leaves the drawer: points back, points taken, cash to pay. No trace.",
    tags=["Till: refunds"],
    status_code=200,
    responses=refusals(401, 404, 409, 413, 422),
)
async def quote_refund(data: JSONBody[RefundQuoteRequest], caller: Terminal, services: ServicesOf) -> RefundView:
    now = services.clock()
    acting = acting_place(caller, data.terminal)
    check_instants(occurred_at=data.occurred_at)
    async with services.database.write() as session:
        refund = Return(
            store_id=acting.store_id,
            terminal_id=acting.terminal_id,
            cashier_id=caller.cashier_id,
            receipt=_QUOTED,
            purchase_key=await _purchase_key(session, caller, acting, data.original),
            lines=data.lines,
            stated_at=data.occurred_at or now,
        )
        submission = RefundSubmission(KeyId(caller.client, "-"), refund, caller.actor, canonical(refund))
        outcome = await recording.record_refund(session, submission, programmes=services.programmes, now=now)
        # Worked out by the very function that records it, and rolled back with the transaction.
        if isinstance(outcome, Waiting | Repeated):
            raise PurchaseNotFoundError
        return refund_view(outcome)


@post(
    "/v1/pos/refunds",
    operation_id="recordRefund",
    summary="Record a refund",
    description=(
        "By line and quantity, partly, repeatedly, in any order. A refund whose sale has not come yet is answered as "
        "`waiting` and applied when it comes."
    ),
    tags=["Till: refunds"],
    responses=created(RefundView) | write_refusals(401, 404, 422),
)
async def record_refund(
    data: JSONBody[RefundRequest], caller: Terminal, services: ServicesOf, idempotency_key: IdempotencyKey
) -> Answered:
    return Answered(*await settle_refund(services, caller, idempotency_key, data))


async def settle_refund(
    services: Services, caller: TerminalCaller, key: str, request: RefundRequest
) -> tuple[int, bytes]:
    """Status and bytes for one refund. Raises what ``to_return`` raises."""
    async with services.database.read() as session:
        refund = await to_return(session, caller, request)
    submission = RefundSubmission(KeyId(caller.client, key), refund, caller.actor, canonical(refund))

    async def act(session: WriteSession, now: datetime) -> RefundView | Repeated:
        outcome = await recording.record_refund(session, submission, programmes=services.programmes, now=now)
        return outcome if isinstance(outcome, Repeated) else refund_view(outcome)

    return await settle_once(services, caller, key, submission.body, act, rehearsal=caller.training)


async def to_return(session: ReadSession, caller: TerminalCaller, request: RefundRequest) -> Return:
    """The refund as the domain records it.

    Raises ``OriginalUnclearError``, ``PurchaseNotFoundError``, ``StoreNotFoundError``, ``SaleInconsistentError`` for a
    receipt that is not named, ``InstantImpossibleError`` and ``TerminalForeignError``.
    """
    acting = acting_place(caller, request.terminal)
    check_instants(occurred_at=request.occurred_at)
    check_named(request.receipt, at="receipt")
    return Return(
        store_id=acting.store_id,
        terminal_id=acting.terminal_id,
        cashier_id=request.cashier or caller.cashier_id,
        receipt=request.receipt,
        purchase_key=await _purchase_key(session, caller, acting, request.original),
        lines=request.lines,
        stated_at=request.occurred_at,
        reason=request.reason,
    )


async def _purchase_key(session: ReadSession, caller: TerminalCaller, acting: Place, original: OriginalRef) -> str:
    if (original.purchase_id is None) == (original.receipt is None):
        raise OriginalUnclearError
    if original.receipt is not None:
        check_named(original.receipt, at="original.receipt")
        if original.store is not None:
            # A refund may wait for its sale, but not for a store that there is not.
            await read_store(session, original.store)
        return receipt_key_at(
            caller, acting, store=original.store, terminal=original.terminal, receipt=original.receipt
        )
    key = member_and_number("pur", original.purchase_id or "")
    found = await receipt_key_of(await driver(session), *key) if key else None
    if found is None:
        raise PurchaseNotFoundError
    return found
