"""How one member stands in the tiers, in memory: the state that facts and time change, and what they note."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple, TypeAlias

from loyalty.events import TierAtRisk
from loyalty.tiers.measures import Days, Measures

BonusKey: TypeAlias = tuple[str, str]
"""Tier and period."""


class ChangeCause(NamedTuple):
    """Why a tier changes: a kind and its number, see ``TierChange``."""

    kind: str
    no: int


class Change(NamedTuple):
    """A row of the history to be."""

    change_no: int
    from_tier: str | None
    to_tier: str | None
    at: datetime
    cause: ChangeCause
    period: str


@dataclass(slots=True)
class Grant:
    """At least ``tier`` by hand, before ``until``; for good without."""

    tier: str
    until: datetime | None
    reason: str | None
    by: str | None
    at: datetime | None

    def holds_at(self, instant: datetime) -> bool:
        return self.until is None or instant < self.until


@dataclass(slots=True)
class Bonus:
    """An entry bonus that was paid."""

    wallet: str
    points: int
    change_no: int
    paid_at: datetime
    taken_back_at: datetime | None = None


@dataclass(slots=True)
class Standing:
    """A member's row of ``tier_standing`` with the days it is folded from. The tier is the account's."""

    member_id: int
    programme_version: int = 0
    stale_cause: str | None = None
    through: date = date.min
    since: datetime | None = None
    falls_at: datetime | None = None
    falls_to: str | None = None
    next_look_at: datetime | None = None
    warned_of: datetime | None = None
    last_change_no: int = 0
    grant: Grant | None = None
    days: Days = field(default_factory=dict)
    bonuses: dict[BonusKey, Bonus] = field(default_factory=dict)
    is_changed: bool = False
    changed_days: set[date] = field(default_factory=set)
    changed_bonuses: set[BonusKey] = field(default_factory=set)
    changes: list[Change] = field(default_factory=list)
    warnings: list[TierAtRisk] = field(default_factory=list)

    def is_stale(self, version: int) -> bool:
        """Whether the days have to be counted anew before anything is said under this version."""
        return self.programme_version != version

    def replace_days(self, days: Days) -> None:
        """Take over days that were counted anew; those that are gone are noted as nothing."""
        for day in self.days.keys() | days.keys():
            counted = days.get(day, Measures())
            if self.days.get(day, Measures()) != counted:
                self.days[day] = counted
                self.changed_days.add(day)
