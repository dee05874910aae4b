"""What rules have already given out: the caps of members, counted exactly under their locks, and budgets with them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

from kernel.database import Query, Row, RowWriter, fetch_together
from loyalty.budgets import Budgets, load_budgets, write_budgets
from loyalty.earning.calendar import period_key
from loyalty.earning.evaluation import CapUse
from loyalty.earning.purchase import Headroom
from loyalty.models import CapCounter
from loyalty.programme.rules import CAP_PERIODS

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_COUNTERS = """
SELECT member_id, rule, period, period_key, used
FROM cap_counter WHERE member_id = ANY($1::bigint[]) AND period_key = ANY($2::text[])
"""
_COLUMNS = ("member_id", "rule", "period", "period_key", "used")
_BEGIN = RowWriter(CapCounter, *_COLUMNS)
_CONTINUE = RowWriter(
    CapCounter,
    *_COLUMNS,
    on_conflict="ON CONFLICT (member_id, rule, period, period_key) DO UPDATE SET used = excluded.used",
)


CounterKey: TypeAlias = tuple[str, str, str]
"""Rule, period, period key."""


@dataclass(slots=True)
class Counters:
    """The counters of the members of one batch: read once, counted on in memory, written once."""

    used: dict[int, dict[CounterKey, int]] = field(default_factory=dict)
    """member -> counter -> points."""
    changed: set[tuple[int, CounterKey]] = field(default_factory=set)
    stored: set[tuple[int, CounterKey]] = field(default_factory=set)
    """The counters that were found when ``members`` were asked for those of ``periods``: their others do not exist."""
    members: frozenset[int] = frozenset()
    periods: frozenset[str] = frozenset()
    budgets: Budgets = field(default_factory=Budgets)

    def is_absent(self, member_id: int, key: CounterKey) -> bool:
        """Whether there is certainly no row of this counter."""
        return member_id in self.members and key[2] in self.periods and (member_id, key) not in self.stored

    def headroom(self, member_id: int, local_date: date) -> Headroom:
        """What the limits have left for a purchase of ``local_date``."""
        counters = self.used.get(member_id)
        if not counters and not self.budgets.left:
            return Headroom()
        keys = {period: period_key(period, local_date) for period in CAP_PERIODS}
        used: dict[str, dict[str, int]] = {}
        for (rule, period, key), points in (counters or {}).items():
            if keys[period] == key:
                used.setdefault(rule, {})[period] = points
        return Headroom(used_points=used, budget_points=self.budgets.headroom(member_id))

    def count(self, member_id: int, uses: Collection[CapUse], budget_uses: Mapping[str, int]) -> None:
        """Add what an evaluation used; negative points give back."""
        counters = self.used.setdefault(member_id, {})
        for use in uses:
            if use.points:
                key = (use.rule, use.period, use.period_key)
                counters[key] = max(0, counters.get(key, 0) + use.points)
                self.changed.add((member_id, key))
        self.budgets.count(member_id, budget_uses)


class CounterQuery:
    """The query for the counters of members in the periods around ``days``, and the counters out of its rows."""

    def __init__(self, member_ids: Collection[int], days: Collection[date]) -> None:
        self._members = frozenset(member_ids)
        self._periods = frozenset(period_key(period, day) for period in CAP_PERIODS for day in days)
        self.query = Query(_COUNTERS, (list(self._members), list(self._periods)))

    def counters(self, rows: Iterable[Row]) -> Counters:
        """The counters, without any budget."""
        counters = Counters(members=self._members, periods=self._periods)
        for member_id, rule, period, key, points in rows:
            counters.used.setdefault(member_id, {})[rule, period, key] = points
            counters.stored.add((member_id, (rule, period, key)))
        return counters


async def load_counters(
    connection: "Connection[Record]",
    member_ids: Collection[int],
    days: Collection[date],
    *,
    budgeted_rules: Collection[str] = (),
) -> Counters:
    """The counters of members for the periods around ``days``, and the budgets of rules, which are locked."""
    asked = CounterQuery(member_ids, days)
    counters = asked.counters((await fetch_together(connection, asked.query))[0])
    counters.budgets = await load_budgets(connection, member_ids, budgeted_rules)
    return counters


async def write_counters(connection: "Connection[Record]", counters: Counters) -> None:
    """Store what was counted.

    Under the member's lock a counter that was looked for and not found is a plain new row, and most are: a day's.
    """
    begun: list[tuple[object, ...]] = []
    continued: list[tuple[object, ...]] = []
    for member_id, key in sorted(counters.changed):
        row = (member_id, *key, counters.used[member_id][key])
        (begun if counters.is_absent(member_id, key) else continued).append(row)
    await _BEGIN.write(connection, begun)
    await _CONTINUE.write(connection, continued)
    await write_budgets(connection, counters.budgets)
