"""L1: what was reached of a goal is in the receipts and was paid once, and what the receipts reach is noted."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from kernel.database import ReadSession, driver
from loyalty.events import GoodsReturned, MembersMerged, PurchaseRecorded, PurchaseRefunded
from loyalty.goals.awards import Step, crossed_step, read_awards, step_of
from loyalty.goals.counting import Bought
from loyalty.goals.declared import Goals, declared_goals
from loyalty.goals.facts import read_bought
from loyalty.goals.folding import Crossing, crossings
from loyalty.goals.periods import Period, period_named, period_of
from loyalty.goals.reviewing import stands
from loyalty.members.family import family_of
from loyalty.models import GoalAward
from loyalty.verification.invariant import Found, Invariant, Scope, Violation, collect
from loyalty.verification.reading import Query

_MEMBERS: Final = """
SELECT m.member_id FROM member AS m
WHERE m.member_id BETWEEN $1 AND $2 AND m.status IN ('active', 'blocked')
  AND EXISTS (SELECT FROM purchase p WHERE p.member_id = m.member_id
              UNION ALL SELECT FROM goal_award a WHERE a.member_id = m.member_id)
ORDER BY m.member_id
"""
_WAITS: Final = """
SELECT EXISTS (
    SELECT FROM outbox_event WHERE member_id = ANY($1::bigint[]) AND type = ANY($2::text[])
    UNION ALL SELECT FROM outbox_delivery WHERE member_id = ANY($1) AND handler = 'loyalty.goals'
    UNION ALL SELECT FROM outbox_parked WHERE member_id = ANY($1) AND handler = 'loyalty.goals'
)
"""
"""Whether goals have not heard yet of everything."""
_TOLD: Final = [event.type for event in (PurchaseRecorded, PurchaseRefunded, GoodsReturned, MembersMerged)]
_SLACK: Final = timedelta(days=1)
_SPAN: Final = """
SELECT min(local_date) AS first_day, max(local_date) AS last_day FROM purchase WHERE member_id = ANY($1::bigint[])
"""


async def _wrong_awards(session: ReadSession, scope: Scope, /, *, examples: int) -> Found:
    return await collect(_differing(session, scope), examples=examples)


async def _differing(session: ReadSession, scope: Scope) -> AsyncIterator[Violation]:
    connection = await driver(session)
    goals = await declared_goals(connection)
    if not goals.kinds:
        return
    for row in await connection.fetch(_MEMBERS, scope.first_member, scope.last_member):
        family = await family_of(connection, row["member_id"])
        if await connection.fetchval(_WAITS, family, _TOLD):
            continue
        span = await connection.fetchrow(_SPAN, family)
        assert span is not None, "an aggregate answers one row"
        awards = [award for award in await read_awards(session, family, None) if award.taken_back_at is None]
        periods = {period_named(award.period) for award in awards}
        if span["first_day"] is not None:
            periods |= _periods_between(goals, span["first_day"], span["last_day"])
        if periods:
            bought = await read_bought(
                connection,
                family,
                min(goals.history_from(period) for period in periods),
                max(period.last_day for period in periods),
                with_lines=goals.ask_for_lines,
            )
            for violation in _violations(row["member_id"], awards, periods, bought, goals):
                yield violation


def _periods_between(goals: Goals, first_day: date, last_day: date) -> set[Period]:
    """Those in which receipts of these days can count; a member's day and a store's differ by one at most."""
    periods = set()
    for kind in goals.kinds:
        period = period_of(kind, last_day + _SLACK)
        while period.last_day >= first_day - _SLACK:
            periods.add(period)
            period = period.earlier(1)
    return periods


def _violations(
    member_id: int, awards: Sequence[GoalAward], periods: set[Period], bought: Sequence[Bought], goals: Goals
) -> Iterator[Violation]:
    for award in awards:
        if not stands(award, bought, goals):
            yield Violation(member_id, _said(step_of(award)), f"at least {award.required}", "less")
    noted = {step_of(award) for award in awards}
    for period in sorted(periods):
        for crossing in crossings(period, bought, goals):
            # What goes by an average was decided by the history of its day, which may have changed since.
            if crossed_step(crossing) not in noted and not _goes_by_average(crossing):
                yield Violation(member_id, _said(crossed_step(crossing)), "an award", None)


def _said(step: Step) -> str:
    return f"{step.threshold} of {step.goal} in {step.period}"


def _goes_by_average(crossing: Crossing) -> bool:
    by_code = {threshold.code: threshold for threshold in crossing.goal.thresholds}
    return by_code[crossing.threshold].percent_of_average is not None


AWARDS: Final = Invariant(
    "L1",
    "What a member has reached of a goal is in the receipts of its period, and what these reach at once is noted.",
    _wrong_awards,
)

PAID: Final = Invariant(
    "L1",
    "Every threshold that stands was paid by the action that it names, or refused, and no other action counts for it.",
    Query("""
SELECT coalesce(g.member_id, a.member_id), coalesce(g.step, a.natural_key), 'one award, one action',
       format('award %s, action %s', g.action_no, a.action_no)
FROM (
    SELECT *, format('%s:%s:%s:%s', goal, period, threshold, times) AS step FROM goal_award
    WHERE member_id BETWEEN $1 AND $2 AND taken_back_at IS NULL AND action_no IS NOT NULL
) AS g
FULL JOIN (SELECT * FROM actions WHERE source = 'job:goals' AND status = 'accepted') AS a USING (member_id, action_no)
WHERE a.natural_key IS DISTINCT FROM g.step AND (g.step IS NOT NULL OR a.reversed_at IS NULL)
"""),
)

INVARIANTS: Final = (AWARDS, PAID)
