"""Accounts in memory for tests of the ledger's pure operations."""

from datetime import UTC, datetime, timedelta

from loyalty.ledger.account import Account, Hold
from loyalty.ledger.earning import Grant, earn
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.holding import place_hold
from loyalty.ledger.lots import Lot
from loyalty.programme.policies import ExpiryPolicy

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
POINTS = "points"
NEVER = ExpiryPolicy()


def days(count: int) -> ExpiryPolicy:
    """Points that live through so many days after the one on which they become available."""
    return ExpiryPolicy(kind="days", count=count)


def end_of(count: int) -> datetime:
    """When ``days(count)`` of the first day ends."""
    return datetime(2026, 3, 3, tzinfo=UTC) + count * DAY


def member(member_id: int = 1) -> Account:
    """Somebody without points, all of whose lots are known."""
    account = Account(member_id, "UTC", "active", recorded_at=NOON - DAY, enrolled_at=NOON - DAY)
    account.lots_loaded = True
    return account


def act(now: datetime = NOON, *, cause: Cause | None = None, occurred_at: datetime | None = None) -> Act:
    return Act(cause or Cause("purchase", 9), "terminal:till", occurred_at or now, now)


def bought(
    account: Account,
    points: int,
    expiry: ExpiryPolicy = NEVER,
    *,
    available_from: datetime = NOON,
    now: datetime = NOON,
    purchase_no: int = 1,
) -> Lot:
    """The lot that a purchase earned."""
    sale = act(now, cause=Cause("purchase", purchase_no), occurred_at=min(available_from, now))
    (lot,) = earn(account, [Grant(POINTS, points, available_from, expiry)], sale)
    return lot


def held(account: Account, points: int, *, now: datetime = NOON, expires_at: datetime = NOON + DAY) -> Hold:
    return place_hold(
        account,
        POINTS,
        points,
        act(now),
        expires_at=expires_at,
        store_id="store",
        terminal_id="till",
        reference=None,
        amount_minor=points,
        allocation={},
    )


def entries(account: Account) -> list[tuple[str, str, int]]:
    """Debit, credit and points of the journal rows to be."""
    return [(entry.debit, entry.credit, entry.amount) for entry in account.entries]


def left_of(*lots: Lot) -> list[int]:
    return [lot.remaining for lot in lots]
