"""A member's points: what there is, and how it came."""

from typing import Any

from litestar import Controller, Request, Response, get
from msgspec import Struct
from msgspec.structs import asdict

from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit
from api.dependencies import ServicesOf
from api.documented import NOT_MODIFIED, refusals
from api.etags import conditional
from api.languages import AcceptLanguage, choose_language, in_language
from api.me.balance import BalanceView, view_balance
from api.me.history import HistoryEntryView, read_history_page, view_entry
from api.me.purchases import PurchaseInPath, PurchaseView, explain_purchase
from api.parameters import MemberInPath
from api.security.permissions import Permission, requires_permission
from kernel.database import driver
from loyalty.ledger.opening import look_at_account
from loyalty.members.family import family_of
from loyalty.members.history import HistoryEntry
from loyalty.members.ids import member_id_of
from loyalty.members.survivors import surviving_member
from loyalty.purchases.reading import read_purchase
from loyalty.receipts import member_and_number

_STAFFS_FALLBACK = ""
"""Staff read in their own language or in the programme's, never in the member's."""


class MemberEntry(HistoryEntryView, frozen=True, kw_only=True):
    """One change of a balance, and who made it."""

    actor: str
    """``terminal:<id>/<cashier>``, ``staff:<id>``, ``member``, ``system`` or ``job:<name>``."""


class MemberEntries(Struct, frozen=True, kw_only=True):
    """The last booked first. ``next`` is the cursor of the page before in time; null at the beginning."""

    entries: list[MemberEntry]
    next: str | None


class AdminMemberPoints(Controller):
    """What a member has, and why."""

    path = "/v1/admin/members/{member_id:str}"
    tags = ("Staff: points",)
    guards = (requires_permission(Permission.MEMBERS_READ),)

    @get(
        "/balance",
        operation_id="getMemberBalance",
        summary="Points: available, pending, held, owed, expiring",
        responses=NOT_MODIFIED | refusals(401, 403, 404, 409),
    )
    async def balance(
        self,
        member_id: MemberInPath,
        request: Request[Any, Any, Any],
        services: ServicesOf,
        accept_language: AcceptLanguage = None,
    ) -> Response[BalanceView]:
        now = services.clock()
        document = services.programmes.at(now).document
        async with services.database.read() as session:
            member = await surviving_member(session, member_id_of(member_id))
            account = await look_at_account(await driver(session), member.member_id, now=now)
        language = choose_language(accept_language, _STAFFS_FALLBACK, document)
        return in_language(conditional(request, view_balance(account, document, language, now=now)), language)

    @get(
        "/entries",
        operation_id="listMemberEntries",
        summary="History of points",
        description="Each entry that came from a purchase names the path at which every rule of it is explained.",
        responses=refusals(401, 403, 404),
    )
    async def entries(
        self,
        member_id: MemberInPath,
        services: ServicesOf,
        cursor: PageCursor = None,
        limit: PageLimit = DEFAULT_PER_PAGE,
    ) -> MemberEntries:
        async with services.database.read() as session:
            member = await surviving_member(session, member_id_of(member_id))
            page, following = await read_history_page(session, member.member_id, cursor, limit, now=services.clock())
        return MemberEntries(entries=[_entry(entry, member_id) for entry in page], next=following)

    @get(
        "/purchases/{purchase_id:str}",
        operation_id="getMemberPurchase",
        summary="A purchase, each rule explained",
        responses=NOT_MODIFIED | refusals(401, 403, 404, 409),
    )
    async def purchase(
        self,
        member_id: MemberInPath,
        purchase_id: PurchaseInPath,
        request: Request[Any, Any, Any],
        services: ServicesOf,
        accept_language: AcceptLanguage = None,
    ) -> Response[PurchaseView]:
        async with services.database.read() as session:
            connection = await driver(session)
            member = await surviving_member(session, member_id_of(member_id))
            family = await family_of(connection, member.member_id)
            purchase = await read_purchase(connection, member_and_number("pur", purchase_id), family=family)
        view, language = await explain_purchase(services, purchase, accept_language, _STAFFS_FALLBACK)
        return in_language(conditional(request, view), language)


def _entry(entry: HistoryEntry, member_id: str) -> MemberEntry:
    seen = view_entry(entry, purchases_path=f"/v1/admin/members/{member_id}/purchases")
    return MemberEntry(**asdict(seen), actor=entry.actor)
