"""Programme-wide budgets, divided into slices.

Each slice is a row of its own, and a member always draws on the same one: the budget is never exceeded and no row is
shared by all purchases, at the price that it may refuse a member while another slice has a rest.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from kernel.database import RowWriter, WriteSession, driver
from loyalty.models import BudgetSlice

if TYPE_CHECKING:
    from asyncpg import Connection, Record

BUDGET_SLICES = 16

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

Place: TypeAlias = tuple[str, int]
"""A rule and the number of a slice."""


class BudgetTakenError(Exception):
    """Another transaction has drawn on a budget since it was read. Nothing is wrong: the work is to be done again."""


def slice_of(member_id: int) -> int:
    """The slice of every budget that a member draws on."""
    return member_id % BUDGET_SLICES


@dataclass(slots=True)
class Budgets:
    """The slices that the members of one batch draw on: read once, drawn on in memory, written once."""

    left: dict[Place, int] = field(default_factory=dict)
    used: dict[Place, int] = field(default_factory=dict)
    """Points drawn meanwhile; negative where more came back."""
    over: dict[Place, int] = field(default_factory=dict)
    """Points used above a budget that was lowered since, where there are any."""
    are_locked: bool = True

    def headroom(self, member_id: int) -> dict[str, int]:
        """By rule: what the member's slice has left."""
        mine = slice_of(member_id)
        return {rule: left for (rule, slice_no), left in self.left.items() if slice_no == mine}

    def count(self, member_id: int, uses: Mapping[str, int]) -> None:
        """Draw on the member's slices; negative points give back."""
        for rule, points in uses.items():
            if points:
                place = (rule, slice_of(member_id))
                self.left[place] = self.left.get(place, 0) - points
                self.used[place] = self.used.get(place, 0) + points


async def load_budgets(
    connection: "Connection[Record]", member_ids: Collection[int], rules: Collection[str], *, lock: bool = True
) -> Budgets:
    """The slices of the rules' budgets that members draw on, locked after the members' locks.

    Without ``lock`` others may draw on them meanwhile, and ``write_budgets`` looks again: a batch draws on most slices
    and would keep all other batches waiting while its sales are decided.
    """
    budgets = Budgets(are_locked=lock)
    if rules and member_ids:
        slices = sorted({slice_of(member_id) for member_id in member_ids})
        rows = await connection.fetch(_LOCK_SLICES if lock else _SLICES, sorted(rules), slices)
        for rule, slice_no, left, over in rows:
            budgets.left[rule, slice_no] = left
            if over:
                budgets.over[rule, slice_no] = over
    return budgets


async def write_budgets(connection: "Connection[Record]", budgets: Budgets) -> None:
    """Store what was drawn and what came back. Raises ``BudgetTakenError``."""
    used = {place: points for place, points in budgets.used.items() if points}
    if used:
        if not budgets.are_locked:
            await _draw_still(connection, used)
        await connection.execute(_USE_SLICES, *zip(*_slice_changes(used, budgets.over), strict=True))


def _slice_changes(used: Mapping[Place, int], over: Mapping[Place, int]) -> list[tuple[str, int, int, int, int]]:
    """Rule, slice, and the changes of what is used, of the allowance and of what is over.

    Points that come back first pay off what was used above a lowered budget, in whatever slice that is: the slice they
    come back to may not give them out again.
    """
    withheld: Counter[Place] = Counter()
    paid_off: Counter[Place] = Counter()
    for (rule, slice_no), points in sorted(used.items()):
        back = max(0, -points)
        for place in ((rule, slice_no), *sorted(place for place in over if place[0] == rule)):
            share = min(back - withheld[rule, slice_no], over.get(place, 0) - paid_off[place])
            if share:
                withheld[rule, slice_no] += share
                paid_off[place] += share
    places = sorted(used.keys() | paid_off.keys())
    return [(*place, used.get(place, 0), -withheld[place], -paid_off[place]) for place in places]


async def _draw_still(connection: "Connection[Record]", used: Mapping[Place, int]) -> None:
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
        shares = even_shares(max(0, left))
        over = max(0, -left)
        slices = []
        for slice_no, share in enumerate(shares):
            here = used.get(slice_no, 0)
            over_here = min(here, over)
            over -= over_here
            slices.append((rule, slice_no, here + share, here, over_here))
        await _SPREAD.write(connection, slices)


def even_shares(points: int) -> list[int]:
    """``points`` divided over the slices; the first ones have one more where it does not come out even."""
    share, rest = divmod(points, BUDGET_SLICES)
    return [share + (slice_no < rest) for slice_no in range(BUDGET_SLICES)]


_SPREAD = RowWriter(
    BudgetSlice,
    *("rule", "slice_no", "allowance", "used", "over"),
    on_conflict="ON CONFLICT (rule, slice_no) DO UPDATE SET allowance = excluded.allowance, over = excluded.over",
)
