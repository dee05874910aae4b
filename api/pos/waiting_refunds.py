"""``GET /v1/pos/waiting-refunds``: refunds of this store whose sale has not come, or belongs to nobody."""

from datetime import datetime

from litestar import get
from msgspec import Struct

from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, text_position
from api.dependencies import ServicesOf, Terminal
from api.documented import refusals
from api.parameters import CodeInQuery
from api.pos.sales import acting_place
from loyalty.purchases.sale import ReceiptRef
from loyalty.refunds.listing import ListedRefund, list_waiting
from loyalty.refunds.returned import ReturnedLine


class WaitingRefundView(Struct, frozen=True, kw_only=True):
    """A refund that was kept. ``sale`` is ``unknown`` or ``guest``: nobody has claimed the sale yet."""

    receipt: ReceiptRef
    """The refund's own."""
    receipt_of: str
    """Key of the sale's receipt."""
    terminal: str
    cashier: str | None
    lines: tuple[ReturnedLine, ...]
    """Empty: everything that was bought."""
    occurred_at: datetime
    received_at: datetime
    sale: str
    refusal: str | None
    """Code of what stood against it when its sale came; such a one waits for a person."""


class WaitingRefundList(Struct, frozen=True, kw_only=True):
    """A page by receipt key."""

    items: list[WaitingRefundView]
    next: str | None


@get(
    "/v1/pos/waiting-refunds",
    operation_id="listWaitingRefunds",
    summary="Refunds that wait for their sale",
    description=("Of the terminal's store. One disappears from the list when its sale has come and it was applied."),
    tags=["Till: refunds"],
    responses=refusals(401, 422),
)
async def waiting_refunds(
    caller: Terminal,
    services: ServicesOf,
    terminal: CodeInQuery = None,
    cursor: PageCursor = None,
    limit: PageLimit = DEFAULT_PER_PAGE,
) -> WaitingRefundList:
    acting, after = acting_place(caller, terminal), text_position(cursor)
    async with services.database.read() as session:
        rows = await list_waiting(session, acting.store_id, after=after, limit=limit + 1)
    page, following = cut(rows, limit, lambda row: row.refund.receipt_key)
    return WaitingRefundList(items=[_view(row) for row in page], next=following)


def _view(row: ListedRefund) -> WaitingRefundView:
    refund = row.refund
    return WaitingRefundView(
        receipt=refund.receipt,
        receipt_of=refund.purchase_key,
        terminal=refund.terminal_id,
        cashier=refund.cashier_id,
        lines=refund.lines,
        occurred_at=refund.stated_at,
        received_at=row.received_at,
        sale="guest" if row.is_guests else "unknown",
        refusal=row.refusal,
    )
