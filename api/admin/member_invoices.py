"""A member's invoices, with what came for them: what staff are asked about."""

from typing import Annotated, TypeAlias

from litestar import get
from litestar.params import QueryParameter
from msgspec import Struct

from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, dated_position
from api.dependencies import ServicesOf
from api.documented import refusals
from api.invoice_views import BilledInvoice, invoice_position, view_billed
from api.parameters import MemberInPath
from api.security.permissions import Permission, requires_permission
from kernel.database import driver
from loyalty.invoices.reading import InvoiceState, list_invoices, payments_of
from loyalty.members.family import family_of
from loyalty.members.ids import member_id_of
from loyalty.members.survivors import surviving_member

StateInQuery: TypeAlias = Annotated[InvoiceState | None, QueryParameter(name="state", required=False)]


class MemberInvoicePage(Struct, frozen=True, kw_only=True):
    """The last registered first. ``next`` is the cursor of the next page; null on the last."""

    invoices: list[BilledInvoice]
    next: str | None


@get(
    "/v1/admin/members/{member_id:str}/invoices",
    operation_id="listMemberInvoices",
    summary="A member's invoices and their payments",
    description="Also those of members who were merged into this one. With `state=late`, what is open and overdue.",
    tags=["Staff: members"],
    guards=[requires_permission(Permission.MEMBERS_READ)],
    responses=refusals(401, 403, 404),
)
async def list_member_invoices(
    member_id: MemberInPath,
    services: ServicesOf,
    invoice_state: StateInQuery = None,
    cursor: PageCursor = None,
    limit: PageLimit = DEFAULT_PER_PAGE,
) -> MemberInvoicePage:
    now = services.clock()
    before = dated_position(cursor)
    async with services.database.read() as session:
        member = await surviving_member(session, member_id_of(member_id))
        family = await family_of(await driver(session), member.member_id)
        rows = await list_invoices(session, family, before=before, limit=limit + 1, now=now, state=invoice_state)
        page, following = cut(rows, limit, invoice_position)
        payments = await payments_of(session, page)
    return MemberInvoicePage(
        invoices=[view_billed(each, payments[each.member_id, each.invoice_no], now=now) for each in page],
        next=following,
    )
