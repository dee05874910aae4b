"""Invoices that the member has to pay or has paid, and whether it was in time."""

from litestar import get
from msgspec import Struct

from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, dated_position
from api.dependencies import Member, ServicesOf
from api.documented import refusals
from api.invoice_views import InvoiceView, invoice_position, view_invoice
from kernel.database import driver
from loyalty.invoices.reading import list_invoices
from loyalty.members.family import family_of
from loyalty.members.survivors import surviving_member


class InvoicePage(Struct, frozen=True, kw_only=True):
    """The last registered first. ``next`` is the cursor of the next page; null on the last."""

    invoices: list[InvoiceView]
    next: str | None


@get(
    "/v1/me/invoices",
    operation_id="listMyInvoices",
    summary="Own invoices, and which were paid in time",
    tags=["Member: points"],
    responses=refusals(401, 404),
)
async def my_invoices(
    caller: Member, services: ServicesOf, cursor: PageCursor = None, limit: PageLimit = DEFAULT_PER_PAGE
) -> InvoicePage:
    now = services.clock()
    async with services.database.read() as session:
        member = await surviving_member(session, caller.member_id)
        family = await family_of(await driver(session), member.member_id)
        rows = await list_invoices(session, family, before=dated_position(cursor), limit=limit + 1, now=now)
    page, following = cut(rows, limit, invoice_position)
    return InvoicePage(invoices=[view_invoice(invoice, now=now) for invoice in page], next=following)
