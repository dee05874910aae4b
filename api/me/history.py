"""The story of the member's points, entry by entry."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from litestar import Request, Response, get
from msgspec import Struct

from api.actions import action_id
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, dated_position, dated_text
from api.dependencies import Member, ServicesOf
from api.documented import NOT_MODIFIED, refusals
from api.etags import conditional
from kernel.database import ReadSession, driver
from kernel.ids import encode_public_id
from loyalty.ledger.opening import look_at_account
from loyalty.members.family import family_of
from loyalty.members.history import HistoryEntry, Position, read_history
from loyalty.receipts import purchase_id


class HistoryPurchase(Struct, frozen=True, kw_only=True):
    """The purchase behind an entry, also behind its refund and its expiry."""

    id: str
    store_name: str | None
    """Where it happened: for a refund the store that took the goods back."""
    total_minor: int
    currency: str
    explanation: str
    """Path of the purchase with each of its rules."""


class HistoryAction(Struct, frozen=True, kw_only=True):
    """The action behind an entry, also behind its expiry."""

    id: str
    type: str
    explanation: str
    """Path of the action with each of its rules."""


class HistoryEntryView(Struct, frozen=True, kw_only=True):
    """One change of a balance."""

    id: str
    wallet: str
    points: int
    """What it added to the balance; negative for what it took."""
    kind: str
    """``earned``, ``spent``, ``expired``, ``clawed_back``, ``restored``, ``adjusted`` or
    ``forfeited``; more may come."""
    occurred_at: datetime
    reason: str | None
    """A code that staff gave."""
    pending: bool
    """Whether these points cannot be spent yet."""
    available_from: datetime | None
    """For points that came."""
    expires_at: datetime | None
    """Exclusive; null while pending, and for points that never expire."""
    purchase: HistoryPurchase | None
    action: HistoryAction | None


class HistoryPage(Struct, frozen=True, kw_only=True):
    """The last booked first. ``next`` is the cursor of the page before in time; null at the beginning."""

    entries: list[HistoryEntryView]
    next: str | None


@get(
    "/v1/me/history",
    operation_id="getMyHistory",
    summary="Own history of points",
    description="The sum of all entries is the balance. Points that changed owner within a merge do not appear.",
    tags=["Member: points"],
    responses=NOT_MODIFIED | refusals(401, 404),
)
async def my_history(
    request: Request[Any, Any, Any],
    caller: Member,
    services: ServicesOf,
    cursor: PageCursor = None,
    limit: PageLimit = DEFAULT_PER_PAGE,
) -> Response[HistoryPage]:
    async with services.database.read() as session:
        page, following = await read_history_page(session, caller.member_id, cursor, limit, now=services.clock())
    return conditional(request, HistoryPage(entries=[view_entry(entry) for entry in page], next=following))


async def read_history_page(
    session: ReadSession, member_id: int, cursor: str | None, limit: int, *, now: datetime
) -> tuple[Sequence[HistoryEntry], str | None]:
    """A page of the surviving member's story, and the cursor of the next. Raises ``MemberNotFoundError``."""
    connection = await driver(session)
    account = await look_at_account(connection, member_id, now=now)
    family = await family_of(connection, account.member_id)
    entries = await read_history(connection, account, family, before=_position(cursor), limit=limit + 1)
    return cut(entries, limit, _text)


def view_entry(entry: HistoryEntry, *, purchases_path: str = "/v1/me/purchases") -> HistoryEntryView:
    """An entry as its member sees it; ``purchases_path`` is where the caller finds purchases explained."""
    lot = entry.lot
    return HistoryEntryView(
        id=encode_public_id("ent", entry.position.member_id, entry.position.entry_no),
        wallet=entry.wallet,
        points=entry.points,
        kind=entry.kind,
        occurred_at=entry.occurred_at,
        reason=entry.reason,
        pending=lot is not None and lot.activated_at is None and lot.remaining > 0,
        available_from=lot.available_from if lot else None,
        expires_at=lot.expires_at if lot else None,
        purchase=_purchase(entry, purchases_path),
        action=_action(entry),
    )


def _action(entry: HistoryEntry) -> HistoryAction | None:
    deed = entry.deed
    if deed is None:
        return None
    public_id = action_id(deed.member_id, deed.action_no)
    return HistoryAction(id=public_id, type=deed.type, explanation=f"/v1/me/actions/{public_id}")


def _purchase(entry: HistoryEntry, purchases_path: str) -> HistoryPurchase | None:
    origin = entry.origin
    if origin is None:
        return None
    public_id = purchase_id(origin.member_id, origin.purchase_no)
    return HistoryPurchase(
        id=public_id,
        store_name=origin.store_name,
        total_minor=origin.total_minor,
        currency=origin.currency,
        explanation=f"{purchases_path}/{public_id}",
    )


def _text(entry: HistoryEntry) -> str:
    return dated_text(*entry.position)


def _position(cursor: str | None) -> Position | None:
    """A cursor names a place in the caller's own story; whatever it says, nobody else's is read."""
    position = dated_position(cursor)
    return None if position is None else Position(*position)
