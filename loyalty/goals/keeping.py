"""Paying goals that were reached, and taking back those that are not any more. What is due later is noted."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from kernel.database import WriteSession
from loyalty.actions.errors import ActionNotReversibleError
from loyalty.actions.recording import record_actions
from loyalty.actions.reversing import reverse_action
from loyalty.goals.awards import SOURCE, crossed_step, note_award, submission_of
from loyalty.goals.declared import Goals
from loyalty.goals.periods import Period
from loyalty.goals.reviewing import Review
from loyalty.ledger.account import Account
from loyalty.models import GoalAward
from loyalty.programme.publishing import refresh
from loyalty.programme.versions import Programmes, PublishedProgrammes

if TYPE_CHECKING:
    from asyncpg import Connection, Record

TAKEN_BACK: Final = "goal_not_reached"
_NOTE_DUE: Final = """
INSERT INTO goal_due (member_id, goal, period, due_at)
SELECT $1, goal, period, due_at FROM unnest($2::text[], $3::text[], $4::timestamptz[]) AS due (goal, period, due_at)
ON CONFLICT (member_id, goal, period) DO UPDATE SET due_at = excluded.due_at
"""


async def act_on(session: WriteSession, reviews: Sequence[Review], *, now: datetime) -> None:
    """Do what reviews of locked members came to. Whoever does it again finds it done."""
    if not any(review.undone or review.crossed for review in reviews):
        return
    programmes = PublishedProgrammes()
    await refresh(session, programmes)
    for review in reviews:
        for award in review.undone:
            await _take_back(session, award, programmes=programmes, now=now)
    reached = [
        (review, crossing, review.times(crossed_step(crossing))) for review in reviews for crossing in review.crossed
    ]
    submissions = [submission_of(crossing, review.member_id, times) for review, crossing, times in reached]
    outcomes = await record_actions(session, submissions, programmes=programmes, now=now) if submissions else []
    for (review, crossing, times), outcome in zip(reached, outcomes, strict=True):
        before = review.own_award(crossed_step(crossing))
        await note_award(session, crossing, outcome, before, member_id=review.member_id, times=times, now=now)
    await session.flush()


async def note_due(
    connection: "Connection[Record]", account: Account, periods: Collection[Period], goals: Goals, *, now: datetime
) -> None:
    """Let goals that are paid at the end be looked at when these periods are over; at once where they are."""
    plan = goals.at(now)
    due = [
        (goal.code, period.name, max(plan.due_at(period, account.zone), now))
        for period in sorted(periods)
        for goal in plan.goals
        if goal.paid == "at_end" and goal.period == period.kind
    ]
    if due:
        columns = [list(column) for column in zip(*due, strict=True)]
        await connection.execute(_NOTE_DUE, account.member_id, *columns)


async def _take_back(session: WriteSession, award: GoalAward, *, programmes: Programmes, now: datetime) -> None:
    """What it earned, unless staff have taken that back already."""
    if award.action_no is not None:
        try:
            key = (award.member_id, award.action_no)
            await reverse_action(session, key, reason=TAKEN_BACK, actor=SOURCE, programmes=programmes, now=now)
        except ActionNotReversibleError:
            pass
    award.taken_back_at = now
    session.add(award)
