"""How one member stands in the tiers, in memory: the state that facts and time change, and what they note."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple, TypeAlias

from loyalty.events import TierAtRisk
from loyalty.tiers.measures import Days, Measures
from loyalty.tiers.plan import TierPlan

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
    """An entry bonus that was paid; ``points`` by its last payment."""

    wallet: str
    points: int
    change_no: int
    paid_at: datetime
    taken_back_at: datetime | None = None
    kept_points: int = 0
    """What taking back has left to the member: no later payment of the period brings them again."""


@dataclass(slots=True)
class Standing:
    """A member's row of ``tier_standing`` with the days it is folded from. The tier is the account's.

    ``plan``: the tiers it stands in, or is to stand in. From one version to another it only goes forward.
    """

    member_id: int
    plan: TierPlan
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

    @property
    def is_stale(self) -> bool:
        """Whether the days have to be counted anew before anything is said under the plan."""
        return self.stale_cause is not None or self.programme_version != self.plan.version

    def replace_days(self, days: Days) -> None:
        """Take over days that were counted anew; those that are gone are noted as nothing."""
        for day in self.days.keys() | days.keys():
            counted = days.get(day, Measures())
            if self.days.get(day, Measures()) != counted:
                self.days[day] = counted
                self.changed_days.add(day)
