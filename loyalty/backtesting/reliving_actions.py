"""Living through recorded actions again, with other rules: as ``reliving`` does with purchases, and without refunds.

Every action keeps the facts that it froze. Limits are counted anew; before the first day of the question it is reality
that uses them up. What was taken back earns nothing on either side.
"""

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from loyalty.actions.evaluate import evaluate_action
from loyalty.actions.freezing import FrozenAction, thaw
from loyalty.backtesting.question import Part, Question
from loyalty.backtesting.reliving import Relived, full_budgets
from loyalty.budgets import BUDGET_SLICES
from loyalty.counters import Counters
from loyalty.earning.calendar import period_keys
from loyalty.earning.evaluation import CapUse
from loyalty.programme.snapshot import ProgrammeSnapshot

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_AT_ONCE: Final = 500
_ACTIONS: Final = """
SELECT member_id, action_no, evaluation::text AS evaluation, reversed_at IS NOT NULL AS reversed
FROM action
WHERE member_id BETWEEN $1 AND $2 AND ($3::bigint[] IS NULL OR member_id = ANY($3))
  AND ($4::bigint IS NULL OR member_id % $5 = $4)
  AND status = 'accepted' AND evaluation ? 'evaluated' AND recorded_at <= $6
  AND ($7::date IS NULL OR local_date >= $7) AND ($8::date IS NULL OR local_date < $8)
ORDER BY member_id, action_no
"""


async def relive_actions(
    connection: "Connection[Record]", question: Question, part: Part, draft: ProgrammeSnapshot
) -> AsyncIterator[Relived]:
    """The part's actions of the question, member by member. Needs a transaction."""
    counters = Counters(budgets=full_budgets(question, part))
    member_id = None
    async for row in connection.cursor(_ACTIONS, *_arguments(question, part), prefetch=_AT_ONCE):
        if row["member_id"] != member_id:
            counters.used.clear()
        member_id = row["member_id"]
        frozen = thaw(msgspec.json.decode(row["evaluation"]))
        is_asked_about = question.asks_about(frozen.action.local_date)
        happened = {} if row["reversed"] else {paid.rule: paid.points for paid in frozen.fired}
        drafted: Mapping[str, int] = {}
        if is_asked_about and not row["reversed"]:
            drafted = _drafted(row["member_id"], frozen, draft, counters)
        _count(counters, row["member_id"], frozen, draft, drafted if is_asked_about else happened)
        if is_asked_about:
            yield Relived(
                row["member_id"],
                row["action_no"],
                frozen.action.local_date,
                frozen.action.zone,
                frozen.member.tier,
                frozen.programme_version,
                question.told(drafted),
                question.told(happened),
            )


def _arguments(question: Question, part: Part) -> tuple[object, ...]:
    return (
        *(part.first_member, part.last_member, part.members, part.budget_slice, BUDGET_SLICES, question.recorded_by),
        *(question.read_from, question.until_day),
    )


def _drafted(member_id: int, frozen: FrozenAction, draft: ProgrammeSnapshot, counters: Counters) -> Mapping[str, int]:
    """What it would have earned; nothing where the draft does not know such an action."""
    if frozen.action.type not in draft.actions:
        return {}
    headroom = counters.headroom(member_id, frozen.action.local_date)
    return {paid.rule: paid.points for paid in evaluate_action(frozen.action, frozen.member, draft, headroom).fired}


def _count(
    counters: Counters, member_id: int, frozen: FrozenAction, draft: ProgrammeSnapshot, points: Mapping[str, int]
) -> None:
    """What it uses of the draft's limits: a rule is known by its code."""
    if frozen.action.type not in draft.actions:
        return
    keys = period_keys(frozen.action.local_date)
    rules = [rule for rule in draft.actions[frozen.action.type].rules if points.get(rule.code)]
    caps = [CapUse(rule.code, period, keys[period], points[rule.code]) for rule in rules for period, _ in rule.caps]
    counters.count(member_id, caps, {rule.code: points[rule.code] for rule in rules if rule.budgeted})
