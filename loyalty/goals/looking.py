"""How far a member is with the goals of the current periods, for those who ask: counted now, written by nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import col, select, tuple_

from kernel.database import ReadSession, driver
from loyalty.earning.calendar import local_day_starts
from loyalty.goals.averaging import OwnAverage, asks_for_average, own_average, required_for
from loyalty.goals.awards import Step, read_awards, step_of
from loyalty.goals.counting import Bought, total_of
from loyalty.goals.facts import read_bought
from loyalty.goals.periods import Period, period_of
from loyalty.goals.plan import GoalPlan, counts_everything
from loyalty.ledger.account import Account
from loyalty.members.family import family_of
from loyalty.models import Action, GoalAward
from loyalty.programme.goals import Goal, GoalThreshold
from loyalty.programme.windows import zone_named


@dataclass(frozen=True, slots=True)
class Reached:
    """What a threshold that was reached in this period came to. It was refused, or paid."""

    at: datetime
    required: int
    refusal: str | None
    earned: Mapping[str, int]
    """By wallet; nothing where the rules pay this member nothing."""


@dataclass(frozen=True, slots=True)
class ThresholdProgress:
    """How far it is to a threshold."""

    threshold: GoalThreshold
    required: int | None
    """None: it goes by the member's own average, and there is none yet."""
    missing: int | None
    reached: Reached | None
    """None: not yet, or not noted yet."""


@dataclass(frozen=True, slots=True)
class GoalProgress:
    """A goal in its current period."""

    goal: Goal
    period: Period
    ends_at: datetime
    """Exclusive."""
    settles_at: datetime | None
    """When it is looked at; None: at once."""
    amount: int
    """What counts so far; below zero after returns without receipt."""
    average: OwnAverage | None
    """None where no threshold asks for it."""
    thresholds: tuple[ThresholdProgress, ...]


async def look_at_goals(session: ReadSession, account: Account, plan: GoalPlan, *, now: datetime) -> list[GoalProgress]:
    """Every goal of ``plan``, that in force, in its order."""
    if not plan.goals:
        return []
    connection = await driver(session)
    family = await family_of(connection, account.member_id)
    today = now.astimezone(zone_named(account.zone)).date()
    periods = {goal.period: period_of(goal.period, today) for goal in plan.goals}
    bought = await read_bought(
        connection,
        family,
        min(plan.history_from(period) for period in periods.values()),
        max(period.last_day for period in periods.values()),
        with_lines=not all(counts_everything(goal) for goal in plan.goals),
    )
    reached = await _reached(session, family, {period.name for period in periods.values()})
    return [_progress(plan, goal, periods[goal.period], bought, reached, account.zone) for goal in plan.goals]


def _progress(
    plan: GoalPlan,
    goal: Goal,
    period: Period,
    bought: Sequence[Bought],
    reached: Mapping[Step, Reached],
    zone: str,
) -> GoalProgress:
    average = own_average(plan, goal, period, bought) if asks_for_average(goal) else None
    amount = total_of(plan, goal, (each for each in bought if period.has(each.day))).of(goal)
    thresholds = []
    for threshold in goal.thresholds:
        done = reached.get(Step(goal.code, period.name, threshold.code))
        required = required_for(threshold, average) if done is None else done.required
        missing = None if required is None else max(0, required - amount)
        thresholds.append(ThresholdProgress(threshold, required, missing, done))
    return GoalProgress(
        goal=goal,
        period=period,
        ends_at=local_day_starts(_after(period), zone),
        settles_at=plan.due_at(period, zone) if goal.paid == "at_end" else None,
        amount=amount,
        average=average,
        thresholds=tuple(thresholds),
    )


def _after(period: Period) -> date:
    return period.last_day + timedelta(days=1)


async def _reached(session: ReadSession, family: Sequence[int], periods: set[str]) -> dict[Step, Reached]:
    awards = [award for award in await read_awards(session, family, periods) if award.taken_back_at is None]
    earned = await _earned(session, awards)
    return {
        step_of(award): Reached(
            award.reached_at, award.required, award.refusal, earned.get((award.member_id, award.action_no or 0), {})
        )
        for award in awards
    }


async def _earned(session: ReadSession, awards: Sequence[GoalAward]) -> dict[tuple[int, int], Mapping[str, int]]:
    keys = [(award.member_id, award.action_no) for award in awards if award.action_no is not None]
    if not keys:
        return {}
    statement = select(Action.member_id, Action.action_no, Action.earned).where(
        tuple_(col(Action.member_id), col(Action.action_no)).in_(keys)
    )
    return {(member_id, action_no): earned for member_id, action_no, earned in await session.exec(statement)}
