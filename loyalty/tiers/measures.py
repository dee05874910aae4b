"""What one local day of a member counts for: the only thing that tiers are folded from. Pure."""

from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias


@dataclass(slots=True)
class Measures:
    """What a day's facts come to, less what was taken back of them. All may be below zero."""

    points: dict[str, int] = field(default_factory=dict)
    """Earned, by wallet."""
    adjusted: dict[str, int] = field(default_factory=dict)
    """Given or taken by staff, by wallet. Apart: a programme says whether they count."""
    spend_minor: int = 0
    purchases: int = 0
    actions: int = 0

    def add(self, other: "Measures") -> None:
        for mine, theirs in ((self.points, other.points), (self.adjusted, other.adjusted)):
            for wallet, points in theirs.items():
                mine[wallet] = mine.get(wallet, 0) + points
        self.spend_minor += other.spend_minor
        self.purchases += other.purchases
        self.actions += other.actions

    @property
    def is_nothing(self) -> bool:
        return not (
            self.spend_minor
            or self.purchases
            or self.actions
            or any(self.points.values())
            or any(self.adjusted.values())
        )


Days: TypeAlias = dict[date, Measures]
"""A member's local day -> what its facts count for."""


def add_to(days: Days, day: date, measures: Measures) -> None:
    """Add a fact to its day."""
    days.setdefault(day, Measures()).add(measures)
