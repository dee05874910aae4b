"""``POST /v1/pos/shift-reports``: at the end of a shift a till is told what is missing, extra or different."""

from datetime import date, datetime
from typing import Annotated

from litestar import post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from api.dependencies import ServicesOf, Terminal
from api.documented import created, write_refusals
from api.idempotency import Answered, IdempotencyKey, answer_once, canonical_body
from api.pos.sales import acting_place
from kernel.database import WriteSession
from kernel.errors import UnprocessableError
from kernel.ids import encode_public_id
from loyalty.purchases.sale import Code, Minor, ReceiptRef, receipt_key
from loyalty.shifts import Counts, Difference, Shift, ShiftComparison, report_shift

MAX_RECEIPTS = 5_000
MAX_REPORT_BYTES = 2 * 1024 * 1024


class ListedReceipt(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A receipt as the till has it. Its date and shift default to the report's."""

    receipt: ReceiptRef
    total_minor: Minor
    """Of a sale before points; of a refund the price of what came back."""
    kind: Annotated[str, Meta(pattern=r"^(sale|refund)$(?!\n)", examples=["sale"])] = "sale"


class ShiftReportRequest(Counts, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the till counted for a business date, a shift, or both."""

    business_date: date | None = None
    shift: Code | None = None
    receipts: Annotated[tuple[ListedReceipt, ...], Meta(max_length=MAX_RECEIPTS)] | None = None
    """All receipts, where the till wants to know which ones differ."""
    terminal: Code | None = None


class ShiftReportAnswer(Struct, frozen=True, kw_only=True):
    """The comparison. Without a list of receipts the last three are empty."""

    id: str
    agrees: bool
    recorded: Counts
    waiting_refunds: int
    """Refunds among ``recorded`` whose sale has not come: counted, without a price yet."""
    missing: tuple[Difference, ...]
    """To be sent, for example as a batch; then report again."""
    extra: tuple[Difference, ...]
    different: tuple[Difference, ...]


class ShiftUnclearError(UnprocessableError):
    """Neither a business date nor a shift."""

    code = "shift_unclear"
    title = "Name the business_date, the shift, or both."


class ReceiptListedTwiceError(UnprocessableError):
    """``receipt_key`` stands in the list twice."""

    code = "receipt_listed_twice"
    title = "A receipt is listed twice."


@post(
    "/v1/pos/shift-reports",
    operation_id="reportShift",
    summary="Compare a shift with the books",
    description="Nothing is corrected. Staff see who reported what, and the differences.",
    tags=["Till: receipts"],
    request_max_body_size=MAX_REPORT_BYTES,
    responses=created(ShiftReportAnswer) | write_refusals(401, 422),
)
async def shift_report(
    data: JSONBody[ShiftReportRequest], caller: Terminal, services: ServicesOf, idempotency_key: IdempotencyKey
) -> Answered:
    if data.business_date is None and data.shift is None:
        raise ShiftUnclearError
    acting = acting_place(caller, data.terminal)
    shift = Shift(acting.store_id, acting.terminal_id, data.business_date, data.shift)
    reported = Counts(sales=data.sales, refunds=data.refunds)
    listed = None if data.receipts is None else _listed(data.receipts, shift)

    async def act(session: WriteSession, now: datetime) -> ShiftReportAnswer:
        return _answer(await report_shift(session, shift, reported, listed, actor=caller.actor, now=now))

    body = canonical_body("reportShift", data)
    return await answer_once(services, caller, idempotency_key, body, act, rehearsal=caller.training)


def _listed(receipts: tuple[ListedReceipt, ...], shift: Shift) -> dict[str, int]:
    """Receipt key to money. Raises ``ReceiptListedTwiceError``."""
    listed: dict[str, int] = {}
    for each in receipts:
        receipt = each.receipt
        if receipt.fiscal_id is None and receipt.shift is None and receipt.business_date is None:
            receipt = ReceiptRef(number=receipt.number, business_date=shift.business_date, shift=shift.shift)
        key = receipt_key(shift.store_id, shift.terminal_id, receipt)
        if each.kind == "refund":
            key = f"refund/{key}"
        if key in listed:
            raise ReceiptListedTwiceError(None, receipt_key=key)
        listed[key] = each.total_minor
    return listed


def _answer(comparison: ShiftComparison) -> ShiftReportAnswer:
    return ShiftReportAnswer(
        id=encode_public_id("shr", comparison.report_id),
        agrees=comparison.agrees,
        recorded=comparison.recorded,
        waiting_refunds=comparison.waiting,
        missing=comparison.differences.missing,
        extra=comparison.differences.extra,
        different=comparison.differences.different,
    )
