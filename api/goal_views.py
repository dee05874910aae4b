"""A member's goals as phones and staff see them."""

from datetime import date, datetime

from msgspec import Struct

from loyalty.goals.averaging import OwnAverage
from loyalty.goals.looking import GoalProgress, ThresholdProgress
from loyalty.programme.document import ProgrammeDocument


class PastGoalPeriod(Struct, frozen=True, kw_only=True):
    """A period that an average is of."""

    period: str
    amount: int


class GoalAverageView(Struct, frozen=True, kw_only=True):
    """The member's own average, and how it was computed: the sum of ``periods``, divided by how many they are."""

    amount: int
    """Rounded down."""
    is_enough: bool
    """Whether there are as many periods as the goal asks for."""
    minimum_periods: int
    periods: list[PastGoalPeriod]
    """From the first in which something was bought, of the last few before the current one."""


class GoalThresholdView(Struct, frozen=True, kw_only=True):
    """A step of a goal."""

    threshold: str
    """Its code."""
    required: int | None
    """Null: it goes by the own average, and there is none yet."""
    missing: int | None
    percent_of_average: int | None
    reached_at: datetime | None
    """Null: not reached, or not noted yet."""
    earned: dict[str, int]
    """By wallet: what reaching it has earned."""
    refusal: str | None
    """A code: why the programme pays nothing for it although it was reached; may grow."""


class GoalView(Struct, frozen=True, kw_only=True):
    """What is to be bought in a period, and how much of it has been."""

    goal: str
    """Its code."""
    name: str
    counts: str
    """``spend_minor`` or ``quantity``: what the amounts here are; may grow."""
    period: str
    """``2026-W09``, ``2026-03``, ``2026-Q1`` or ``2026``."""
    first_day: date
    last_day: date
    ends_at: datetime
    """Exclusive, in the member's zone."""
    paid: str
    """``at_once``, or ``at_end``: at ``settles_at``, by what is left then; may grow."""
    settles_at: datetime | None
    amount: int
    """Bought so far, less what came back; may be below zero."""
    thresholds: list[GoalThresholdView]
    average: GoalAverageView | None
    """Null where no threshold goes by it."""


class GoalsView(Struct, frozen=True, kw_only=True):
    """All goals of the programme, in its order."""

    goals: list[GoalView]


def view_goals(goals: list[GoalProgress], document: ProgrammeDocument, language: str) -> GoalsView:
    """The goals in one language."""
    return GoalsView(goals=[_view(each, document, language) for each in goals])


def _view(each: GoalProgress, document: ProgrammeDocument, language: str) -> GoalView:
    goal = each.goal
    return GoalView(
        goal=goal.code,
        name=goal.names.get(language) or goal.names[document.fallback_language],
        counts=goal.counts,
        period=each.period.name,
        first_day=each.period.first_day,
        last_day=each.period.last_day,
        ends_at=each.ends_at,
        paid=goal.paid,
        settles_at=each.settles_at,
        amount=each.amount,
        thresholds=[_view_threshold(step) for step in each.thresholds],
        average=None if each.average is None else _view_average(each.average, goal.average.minimum_periods),
    )


def _view_threshold(step: ThresholdProgress) -> GoalThresholdView:
    reached = step.reached
    return GoalThresholdView(
        threshold=step.threshold.code,
        required=step.required,
        missing=step.missing,
        percent_of_average=step.threshold.percent_of_average,
        reached_at=None if reached is None else reached.at,
        earned={} if reached is None else dict(reached.earned),
        refusal=None if reached is None else reached.refusal,
    )


def _view_average(average: OwnAverage, minimum_periods: int) -> GoalAverageView:
    return GoalAverageView(
        amount=average.amount,
        is_enough=average.is_enough,
        minimum_periods=minimum_periods,
        periods=[PastGoalPeriod(period=past.period, amount=past.amount) for past in average.periods],
    )
