"""What a back-test is asked, and the parts that it can be divided into."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from loyalty.budgets import BUDGET_SLICES
from loyalty.earning.calendar import period_key
from loyalty.programme.document import ProgrammeDocument

if TYPE_CHECKING:
    from asyncpg import Connection, Record

WHOLE_BP: Final = 10_000
PARTS: Final = 32
"""Ranges of members: more than processes, so that a busy range keeps nobody waiting."""
_LISTED_AT_ONCE: Final = 2_000
_MEMBERS: Final = "SELECT min(member_id), max(member_id) FROM member"


class Question(Struct, frozen=True, kw_only=True):
    """Which purchases are evaluated with which document.

    ``first_day`` and ``until_day`` (exclusive) are local days of members, as limits count them; None: without end.
    ``sample_bp`` is how many of 10,000 members are looked at, the same ones for the same ``salt``.
    """

    document: ProgrammeDocument
    recorded_by: datetime
    """What is recorded later is left out, so that all parts see the same past."""
    first_day: date | None = None
    until_day: date | None = None
    sample_bp: int = WHOLE_BP
    salt: str = "back-test"
    rules: tuple[str, ...] | None = None
    """Only what these pay is told, on both sides; None: all."""
    members: tuple[int, ...] | None = None
    """Only these; None: everybody."""
    with_moved_in: bool = True
    """Also receipts that moved in from an earlier system, which has paid for them."""

    @property
    def has_budgets(self) -> bool:
        """Whether members take from each other: then purchases are relived in the order of their recording."""
        return any(rule.budget_points is not None for rule in self.document.rules)

    @property
    def read_from(self) -> date | None:
        """The first local day that matters: limits that a period before ``first_day`` has used up stay used up."""
        if self.first_day is None or self.has_budgets:
            return None
        caps = [rule.caps for rule in self.document.rules]
        if any(cap.lifetime is not None for cap in caps):
            return None
        periods = {"day": any(cap.day is not None for cap in caps), "week": any(cap.week is not None for cap in caps)}
        periods["month"] = any(cap.month is not None for cap in caps)
        starts = [period_key(period, self.first_day) for period, capped in periods.items() if capped]
        return min((date.fromisoformat(start) for start in starts), default=self.first_day)

    def told(self, rule_points: Mapping[str, int]) -> Mapping[str, int]:
        """Those of a fact's points by rule that are asked about."""
        if self.rules is None:
            return rule_points
        return {code: rule_points[code] for code in self.rules if code in rule_points}

    def asks_about(self, day: date) -> bool:
        """Whether what a member did on the local ``day`` is reported."""
        return (self.first_day is None or day >= self.first_day) and (self.until_day is None or day < self.until_day)


class Part(Struct, frozen=True, kw_only=True):
    """Members whose purchases are relived together, independently of all others."""

    first_member: int = 0
    last_member: int = 2**63 - 1
    budget_slice: int | None = None
    """Only members who draw on this slice of every budget."""
    members: tuple[int, ...] | None = None


async def divide(connection: "Connection[Record]", question: Question) -> Sequence[Part]:
    """The parts of a question. What members do in one changes nothing in another."""
    if question.has_budgets:
        return [Part(budget_slice=number, members=question.members) for number in range(BUDGET_SLICES)]
    if question.members is not None:
        listed = sorted(question.members)
        return [
            Part(members=tuple(listed[start : start + _LISTED_AT_ONCE]))
            for start in range(0, len(listed), _LISTED_AT_ONCE)
        ]
    row = await connection.fetchrow(_MEMBERS)
    if row is None or row[0] is None:
        return []
    first, last = row
    width = (last - first) // PARTS + 1
    return [
        Part(first_member=start, last_member=min(start + width - 1, last)) for start in range(first, last + 1, width)
    ]


SLACK: Final = timedelta(days=1)
"""A store's local day and a member's differ by no more."""
