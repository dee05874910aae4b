"""What rules have already given out: caps per member, exact, and programme-wide budgets in slices.

A cap's counter is written under the member's lock. A budget is divided into slices, each a row of its own, and a
member always draws on the same one: the budget is never exceeded and no row is shared by all purchases, at the price
that it may refuse a member while another slice has a rest.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

from kernel.database import Query, Row, RowWriter, WriteSession, driver, fetch_together
from loyalty.earning.calendar import period_key
from loyalty.earning.evaluation import CapUse
from loyalty.earning.purchase import Headroom
from loyalty.models import BudgetSlice, CapCounter
from loyalty.programme.rules import CAP_PERIODS

if TYPE_CHECKING:
    from asyncpg import Connection, Record

BUDGET_SLICES = 16


class BudgetTakenError(Exception):
    """Another transaction has drawn on a budget since it was read. Nothing is wrong: the work is to be done again."""


_COUNTERS = """
SELECT member_id, rule, period, period_key, used
FROM cap_counter WHERE member_id = ANY($1::bigint[]) AND period_key = ANY($2::text[])
"""
_SLICES = """
SELECT rule, slice_no, allowance - used AS left_points, over
FROM budget_slice WHERE rule = ANY($1::text[]) AND (slice_no = ANY($2::bigint[]) OR over > 0) ORDER BY rule, slice_no
"""
"""Those of a budget that was lowered below its use come too: what comes back pays off any of them."""
_LOCK_SLICES = _SLICES + "FOR NO KEY UPDATE"
_USE_SLICES = """
UPDATE budget_slice AS b SET used = b.used + v.points, allowance = b.allowance + v.allowance, over = b.over + v.over
FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
     AS v (rule, slice_no, points, allowance, over)
WHERE b.rule = v.rule AND b.slice_no = v.slice_no
"""
_COLUMNS = ("member_id", "rule", "period", "period_key", "used")
_BEGIN = RowWriter(CapCounter, *_COLUMNS)
_CONTINUE = RowWriter(
    CapCounter,
    *_COLUMNS,
    on_conflict="ON CONFLICT (member_id, rule, period, period_key) DO UPDATE SET used = excluded.used",
)


def slice_of(member_id: int) -> int:
    """The slice of every budget that a member draws on."""
    return member_id % BUDGET_SLICES


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
    budget_left: dict[tuple[str, int], int] = field(default_factory=dict)
    """(rule, slice) -> points."""
    budget_used: dict[tuple[str, int], int] = field(default_factory=dict)
    budget_over: dict[tuple[str, int], int] = field(default_factory=dict)
    """(rule, slice) -> points used above a budget that was lowered since, where there are any."""
    budgets_are_locked: bool = True

    def is_absent(self, member_id: int, key: CounterKey) -> bool:
        """Whether there is certainly no row of this counter."""
        return member_id in self.members and key[2] in self.periods and (member_id, key) not in self.stored

    def headroom(self, member_id: int, local_date: date) -> Headroom:
        """What the limits have left for a purchase of ``local_date``."""
        counters = self.used.get(member_id)
        if not counters and not self.budget_left:
            return Headroom()
        keys = {period: period_key(period, local_date) for period in CAP_PERIODS}
        used: dict[str, dict[str, int]] = {}
        for (rule, period, key), points in (counters or {}).items():
            if keys[period] == key:
                used.setdefault(rule, {})[period] = points
        mine = slice_of(member_id)
        budget = {rule: left for (rule, slice_no), left in self.budget_left.items() if slice_no == mine}
        return Headroom(used_points=used, budget_points=budget)

    def count(self, member_id: int, uses: Collection[CapUse], budget_uses: Mapping[str, int]) -> None:
        """Add what an evaluation used; negative points give back."""
        counters = self.used.setdefault(member_id, {})
        for use in uses:
            if use.points:
                key = (use.rule, use.period, use.period_key)
                counters[key] = max(0, counters.get(key, 0) + use.points)
                self.changed.add((member_id, key))
        for rule, points in budget_uses.items():
            if points:
                place = (rule, slice_of(member_id))
                self.budget_left[place] = self.budget_left.get(place, 0) - points
                self.budget_used[place] = self.budget_used.get(place, 0) + points


class CounterQuery:
    """The query for the counters of members in the periods around ``days``, and the counters out of its rows."""

    def __init__(self, member_ids: Collection[int], days: Collection[date]) -> None:
        self._members = frozenset(member_ids)
        self._periods = frozenset(period_key(period, day) for period in CAP_PERIODS for day in days)
        self.query = Query(_COUNTERS, (list(self._members), list(self._periods)))

    def counters(self, rows: Iterable[Row]) -> Counters:
        """The counters, without any budget (see ``load_budgets``)."""
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
    await load_budgets(connection, counters, member_ids, budgeted_rules)
    return counters


async def load_budgets(
    connection: "Connection[Record]",
    counters: Counters,
    member_ids: Collection[int],
    rules: Collection[str],
    *,
    lock: bool = True,
) -> None:
    """Add the slices of the rules' budgets that members draw on, locked after the members' locks.

    Without ``lock`` others may draw on them meanwhile, and ``write_counters`` looks again: a batch draws on most slices
    and would keep all other batches waiting while its sales are decided.
    """
    counters.budgets_are_locked = lock
    if rules and member_ids:
        slices = sorted({slice_of(member_id) for member_id in member_ids})
        rows = await connection.fetch(_LOCK_SLICES if lock else _SLICES, sorted(rules), slices)
        for rule, slice_no, left, over in rows:
            counters.budget_left[rule, slice_no] = left
            if over:
                counters.budget_over[rule, slice_no] = over


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
    used = {place: points for place, points in counters.budget_used.items() if points}
    if used:
        if not counters.budgets_are_locked:
            await _draw_still(connection, used)
        await connection.execute(_USE_SLICES, *zip(*_slice_changes(used, counters.budget_over), strict=True))


def _slice_changes(
    used: Mapping[tuple[str, int], int], over: Mapping[tuple[str, int], int]
) -> list[tuple[str, int, int, int, int]]:
    """Rule, slice, and the changes of what is used, of the allowance and of what is over.

    Points that come back first pay off what was used above a lowered budget, in whatever slice that is: the slice they
    come back to may not give them out again.
    """
    changes = {place: [points, 0, 0] for place, points in used.items()}
    left_over = dict(over)
    for (rule, slice_no), points in sorted(used.items()):
        back = max(0, -points)
        for place in sorted(left_over, key=lambda place, own=slice_no: (place[1] != own, place)):  # type: ignore[misc]
            if place[0] == rule and (paid_off := min(back, left_over[place])):
                changes.setdefault(place, [0, 0, 0])[2] -= paid_off
                changes[rule, slice_no][1] -= paid_off
                left_over[place] -= paid_off
                back -= paid_off
    return [(*place, *change) for place, change in sorted(changes.items())]  # type: ignore[misc]


async def _draw_still(connection: "Connection[Record]", used: Mapping[tuple[str, int], int]) -> None:
    """Lock the slices and raise ``BudgetTakenError`` where somebody else has taken what was counted on."""
    rules, slices = sorted({rule for rule, _ in used}), sorted({slice_no for _, slice_no in used})
    left = {(rule, slice_no): left for rule, slice_no, left, _ in await connection.fetch(_LOCK_SLICES, rules, slices)}
    if any(points > left[place] for place, points in used.items()):
        raise BudgetTakenError


async def spread_budgets(session: WriteSession, budgets: Mapping[str, int]) -> None:
    """Divide each rule's budget over its slices: what is used stays used, what is left is shared evenly.

    A budget below what has been used leaves nothing to give out, also of what comes back, until it is above it again.
    """
    connection = await driver(session)
    for rule, total in sorted(budgets.items()):
        rows = await connection.fetch(
            "SELECT slice_no, used FROM budget_slice WHERE rule = $1 ORDER BY slice_no FOR UPDATE", rule
        )
        used = {row["slice_no"]: row["used"] for row in rows}
        left = total - sum(used.values())
        share, rest = divmod(max(0, left), BUDGET_SLICES)
        over = max(0, -left)
        slices = []
        for slice_no in range(BUDGET_SLICES):
            here = used.get(slice_no, 0)
            over_here = min(here, over)
            over -= over_here
            slices.append((rule, slice_no, here + share + (slice_no < rest), here, over_here))
        await _SPREAD.write(connection, slices)


_SPREAD = RowWriter(
    BudgetSlice,
    *("rule", "slice_no", "allowance", "used", "over"),
    on_conflict="ON CONFLICT (rule, slice_no) DO UPDATE SET allowance = excluded.allowance, over = excluded.over",
)
