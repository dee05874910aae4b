"""The fold: what was bought in a period gives the thresholds that are reached. Pure.

Receipts are taken in the order of their own instants, with what is left of them: a refund is as if that much had never
been bought, a late receipt falls where it belongs. Each is looked at by the version of the programme of its instant, so
the version at the crossing decides. Nothing else goes in, not the order in which facts came to be known either.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import accumulate

from msgspec import Struct

from loyalty.goals.averaging import OwnAverage, asks_for_average, own_average, required_for
from loyalty.goals.counting import NOTHING, Amount, Bought, amount_of, total_of
from loyalty.goals.declared import Goals
from loyalty.goals.periods import Period
from loyalty.goals.plan import GoalPlan
from loyalty.programme.goals import Goal


class Crossing(Struct, frozen=True, kw_only=True):
    """A threshold was reached, and by what."""

    goal: Goal
    threshold: str
    period: Period
    version: int
    """Of the programme."""
    at: datetime
    amount: Amount
    required: int
    average: OwnAverage | None
    """None: the goal does not ask for one."""


def crossings(period: Period, bought: Sequence[Bought], goals: Goals) -> Iterator[Crossing]:
    """The thresholds that are reached at once and stand, each with the receipt that completed it.

    ``bought`` is sorted and reaches back as far as averages do. What goods that came back without a receipt have taken
    below a threshold does not stand.
    """
    within = [each for each in bought if period.has(each.day)]
    plans = {plan.version: plan for plan in (goals.at(each.occurred_at) for each in within)}
    for plan in plans.values():
        for goal in plan.goals:
            if goal.period == period.kind and goal.paid == "at_once":
                yield from _of_goal(period, within, bought, goals, plan, goal)


def _of_goal(
    period: Period, within: Sequence[Bought], bought: Sequence[Bought], goals: Goals, plan: GoalPlan, goal: Goal
) -> Iterator[Crossing]:
    average = own_average(plan, goal, period, bought) if asks_for_average(goal) else None
    totals = list(accumulate((amount_of(plan, goal, each) for each in within), Amount.plus, initial=NOTHING))[1:]
    for threshold in goal.thresholds:
        required = required_for(threshold, average)
        if required is None or totals[-1].of(goal) < required:
            continue
        for each, total in zip(within, totals, strict=True):
            if total.of(goal) >= required and goals.at(each.occurred_at).version == plan.version:
                yield Crossing(
                    goal=goal,
                    threshold=threshold.code,
                    period=period,
                    version=plan.version,
                    at=each.occurred_at,
                    amount=total,
                    required=required,
                    average=average,
                )
                break


def reached_at_end(
    period: Period, bought: Sequence[Bought], plan: GoalPlan, goal: Goal, *, at: datetime
) -> Iterator[Crossing]:
    """The thresholds that a period which is over has reached, under the version in force ``at`` its settlement."""
    average = own_average(plan, goal, period, bought) if asks_for_average(goal) else None
    total = total_of(plan, goal, (each for each in bought if period.has(each.day)))
    for threshold in goal.thresholds:
        required = required_for(threshold, average)
        if required is not None and total.of(goal) >= required:
            yield Crossing(
                goal=goal,
                threshold=threshold.code,
                period=period,
                version=plan.version,
                at=at,
                amount=total,
                required=required,
                average=average,
            )
