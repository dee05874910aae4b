"""What rules have already given out: the caps of members, counted exactly under their locks, and budgets with them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from kernel.database import Query, Row, RowWriter, fetch_together
from loyalty.budgets import Budgets, load_budgets, write_budgets
from loyalty.earning.calendar import period_key, period_keys
from loyalty.earning.evaluation import CapUse
from loyalty.earning.purchase import Headroom
from loyalty.models import CapCounter
from loyalty.programme.rules import CAP_PERIODS

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_COUNTERS = """
SELECT member_id, period, period_key, used
FROM cap_counter WHERE member_id = ANY($1::bigint[]) AND period_key = ANY($2::text[])
"""
_COLUMNS = ("member_id", "period", "period_key", "used")
_BEGIN = RowWriter(CapCounter, *_COLUMNS)
_CONTINUE = RowWriter(
    CapCounter,
    *_COLUMNS,
    on_conflict="""ON CONFLICT (member_id, period, period_key)
    DO UPDATE SET used = cap_counter.used || excluded.used""",
)


CounterKey: TypeAlias = tuple[int, str, str]
"""Member, period, period key."""


@dataclass(slots=True)
class Counters:
    """The counters of the members of one batch: read once, counted on in memory, written once."""

    used: dict[CounterKey, dict[str, int]] = field(default_factory=dict)
    """counter -> rule -> points."""
    changed: dict[CounterKey, set[str]] = field(default_factory=dict)
    """The rules that counted since, by counter."""
    stored: frozenset[CounterKey] = frozenset()
    """The counters that were found when ``members`` were asked for those of ``periods``: their others do not exist."""
    members: frozenset[int] = frozenset()
    periods: frozenset[str] = frozenset()
    budgets: Budgets = field(default_factory=Budgets)

    def is_absent(self, counter: CounterKey) -> bool:
        """Whether there is certainly no row of this counter."""
        member_id, _, key = counter
        return member_id in self.members and key in self.periods and counter not in self.stored

    def headroom(self, member_id: int, local_date: date) -> Headroom:
        """What the limits have left for a purchase of ``local_date``."""
        used: dict[str, dict[str, int]] = {}
        for period, key in period_keys(local_date).items():
            for rule, points in self.used.get((member_id, period, key), _NOTHING).items():
                used.setdefault(rule, {})[period] = points
        return Headroom(used_points=used, budget_points=self.budgets.headroom(member_id))

    def count(self, member_id: int, uses: Collection[CapUse], budget_uses: Mapping[str, int]) -> None:
        """Add what an evaluation used; negative points give back."""
        for use in uses:
            if use.points:
                counter = (member_id, use.period, use.period_key)
                by_rule = self.used.setdefault(counter, {})
                by_rule[use.rule] = max(0, by_rule.get(use.rule, 0) + use.points)
                self.changed.setdefault(counter, set()).add(use.rule)
        self.budgets.count(member_id, budget_uses)


_NOTHING: Mapping[str, int] = {}


class CounterQuery:
    """The query for the counters of members in the periods around ``days``, and the counters out of its rows."""

    def __init__(self, member_ids: Collection[int], days: Collection[date]) -> None:
        self._members = frozenset(member_ids)
        self._periods = frozenset(period_key(period, day) for period in CAP_PERIODS for day in days)
        self.query = Query(_COUNTERS, (list(self._members), list(self._periods)))

    def counters(self, rows: Iterable[Row]) -> Counters:
        """The counters, without any budget."""
        used = {(member_id, period, key): points for member_id, period, key, points in rows}
        return Counters(used, stored=frozenset(used), members=self._members, periods=self._periods)


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
    """Store what was counted: of a counter that exists, the rules that did.

    Under the member's lock a counter that was looked for and not found is a plain new row, and most are: a day's.
    """
    begun: list[tuple[object, ...]] = []
    continued: list[tuple[object, ...]] = []
    for counter in sorted(counters.changed):
        used = counters.used[counter]
        points = {rule: used[rule] for rule in counters.changed[counter]}
        row = (*counter, msgspec.json.encode(points).decode())
        (begun if counters.is_absent(counter) else continued).append(row)
    await _BEGIN.write(connection, begun)
    await _CONTINUE.write(connection, continued)
    await write_budgets(connection, counters.budgets)
