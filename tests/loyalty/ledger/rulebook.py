"""What the state machine's programme pays, in plain arithmetic beside the document that tells production the same.

A unit of money earns a point; every basket 10 more, 25 a month at most; every piece 3 stars; and a basket of any number
of lines but two 40 more, 60 a month at most and out of a small budget. So a refund can take points and give limits
back; and what is left of a basket may fit the last rule again, which must then neither pay nor use its limits twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from loyalty.budgets import BUDGET_SLICES
from loyalty.programme.document import ProgrammeDocument
from tests.oracle.ledger_facts import Expiry, Group, Settings, Shortfall
from tests.programmes import fixed, programme, rate

POINTS, STARS = "points", "stars"
ZONE = ZoneInfo("Europe/Berlin")
WELCOME_POINTS, WELCOME_A_MONTH = 10, 25
STARS_A_PIECE = 3
ODD_STARS, ODD_STARS_A_MONTH, ODD_STARS_A_SLICE = 40, 60, 90

LastDay = Callable[[date], date | None]
LIVES: dict[str, tuple[dict[str, Any], LastDay]] = {
    "never": ({"kind": "never"}, lambda day: None),
    "a day": ({"kind": "days", "count": 1}, lambda day: day + timedelta(days=1)),
    "three days": ({"kind": "days", "count": 3}, lambda day: day + timedelta(days=3)),
    "a month": ({"kind": "months", "count": 1}, lambda day: day + relativedelta(months=1)),
    "this month": (
        {"kind": "end_of_period", "count": 0, "period": "month"},
        lambda day: day + relativedelta(day=31),
    ),
    "half a year": (
        {"kind": "calendar", "count": 5, "dates": ["06-30", "12-31"]},
        lambda day: _end_of_half_year(day + timedelta(days=5)),
    ),
}
"""How points can live: the policy, and its last usable day."""


def _end_of_half_year(day: date) -> date:
    return day + relativedelta(month=6 if day.month <= 6 else 12, day=31)


def midnight(day: date) -> datetime:
    """When the local day begins."""
    return datetime.combine(day, time(), ZONE).astimezone(UTC)


def local_day(instant: datetime) -> date:
    return instant.astimezone(ZONE).date()


def life(name: str) -> Expiry:
    """The same as the model's expiry rule."""
    last_day = LIVES[name][1]

    def expires_at(activated_at: datetime) -> datetime | None:
        last = last_day(local_day(activated_at))
        return None if last is None else midnight(last + timedelta(days=1))

    return expires_at


@dataclass(frozen=True)
class Goods:
    """A line of a sale: pieces, their price together, what points paid of it, and how many pieces came back."""

    id: str
    pieces: int
    amount_minor: int
    points_minor: int = 0
    returned: int = 0

    def left(self, amount_minor: int) -> int:
        """The part of an amount that falls on what has not come back: what has is rounded half up."""
        return amount_minor - (2 * amount_minor * self.returned + self.pieces) // (2 * self.pieces)

    @property
    def base_minor(self) -> int:
        """What of it earns: what is left of the part that was not paid with points."""
        return self.left(self.amount_minor - self.points_minor)


Basket = tuple[Goods, ...]


def with_returned(basket: Basket, pieces: Mapping[str, int]) -> Basket:
    """The basket after so many more pieces of its lines came back."""
    return tuple(replace(goods, returned=goods.returned + pieces.get(goods.id, 0)) for goods in basket)


def points_back(basket: Basket, points_spent: int) -> int:
    """How many of the points that were spent on a basket have come back with the goods."""
    paid_minor = sum(goods.points_minor for goods in basket)
    left_minor = sum(goods.left(goods.points_minor) for goods in basket)
    if not paid_minor:
        return 0 if any(goods.returned < goods.pieces for goods in basket) else points_spent
    return points_spent * (paid_minor - left_minor) // paid_minor


@dataclass(frozen=True)
class Paid:
    """What each rule pays for a basket."""

    base: int = 0
    welcome: int = 0
    pieces: int = 0
    odd: int = 0

    @property
    def by_wallet(self) -> dict[str, int]:
        return {POINTS: self.base + self.welcome, STARS: self.pieces + self.odd}

    def at_most(self, other: "Paid") -> "Paid":
        """Of each rule the lesser."""
        return Paid(
            min(self.base, other.base),
            min(self.welcome, other.welcome),
            min(self.pieces, other.pieces),
            min(self.odd, other.odd),
        )


NOTHING = Paid()


def pays(basket: Basket) -> Paid:
    """What the rules pay for what is left of the basket, were there no limits."""
    there = [goods for goods in basket if goods.returned < goods.pieces]
    base = sum(goods.base_minor for goods in there)
    if not base:
        return NOTHING
    pieces = sum(goods.pieces - goods.returned for goods in there if goods.base_minor)
    return Paid(base, WELCOME_POINTS, STARS_A_PIECE * pieces, ODD_STARS if len(there) != 2 else 0)


@dataclass(frozen=True)
class Rulebook:
    """The settings that differ from one history to another."""

    life: str
    pending_days: int
    points_shortfall: Shortfall
    stars_shortfall: Shortfall
    grace_days: int | None
    hold_timeout_s: int

    @property
    def settings(self) -> Settings:
        """For the model."""
        return Settings({POINTS: self.points_shortfall, STARS: self.stars_shortfall}, self.grace_days)

    def groups(self, paid: Paid, occurred_at: datetime) -> list[Group]:
        """The lots that a sale of ``occurred_at`` brings, in the order of the rules' codes."""
        day = local_day(occurred_at)
        after = midnight(day + timedelta(days=self.pending_days + 1)) if self.pending_days else occurred_at
        groups = [
            Group(POINTS, paid.base, after, life(self.life)),
            Group(POINTS, paid.welcome, occurred_at, life("three days")),
            Group(STARS, paid.pieces + paid.odd, midnight(day + timedelta(days=3)), life("a month")),
        ]
        return [group for group in groups if group.points]

    def document(self, odd_rule: str) -> ProgrammeDocument:
        """For production. ``odd_rule`` names the rule with the budget: a new name, a budget that nobody has used."""
        grace: dict[str, Any] = {"kind": "grace", "grace_days": self.grace_days}
        restore = {"kind": "expire"} if self.grace_days is None else grace
        stars: dict[str, Any] = {
            "wallet": STARS,
            "pending": {"kind": "days", "days": 2},
            "expiry": LIVES["a month"][0],
        }
        odd: dict[str, Any] = {
            "condition": "purchase.lines_count != 2",
            "caps": {"month": ODD_STARS_A_MONTH},
            "budget_points": ODD_STARS_A_SLICE * BUDGET_SLICES,
            **stars,
        }
        pieces: dict[str, Any] = {"kind": "per_item", "points": STARS_A_PIECE}
        return programme(
            rate("a-base", per_minor=1, pending=_days(self.pending_days), expiry=LIVES[self.life][0]),
            fixed("b-welcome", WELCOME_POINTS, caps={"month": WELCOME_A_MONTH}, expiry=LIVES["three days"][0]),
            {"code": "c-pieces", "names": {"en": "pieces"}, "formula": pieces, **stars},
            fixed(odd_rule, ODD_STARS, **odd),
            currency="EUR",
            wallets=[
                _wallet(POINTS, self.points_shortfall, restore),
                _wallet(STARS, self.stars_shortfall, {"kind": "expire"}),
            ],
            primary_wallet=POINTS,
            spending={"value": {"points": 1, "minor": 1}, "needs_proof": False},
            till={"hold_timeout_seconds": self.hold_timeout_s},
        )


def _days(days: int) -> dict[str, Any]:
    return {"kind": "days", "days": days} if days else {"kind": "none"}


def _wallet(code: str, debt: Literal["debt", "clamp", "write_off"], restore: dict[str, Any]) -> dict[str, Any]:
    names = {"en": {"one": code, "other": code}}
    return {"code": code, "names": names, "debt": debt, "expired_restore": restore}
