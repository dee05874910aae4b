"""The goals of a version of the programme as they are counted. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from loyalty.earning.calendar import local_day_starts
from loyalty.goals.periods import Period
from loyalty.programme.goals import Goal
from loyalty.programme.indexes import LineIndex
from loyalty.programme.rules import LineNames


@dataclass(frozen=True, slots=True)
class GoalPlan:
    """The goals of version ``version``."""

    version: int
    goals: tuple[Goal, ...]
    return_window_days: int
    lines: LineIndex
    """Which goals take a line: bits in the order of ``goals``."""

    def named(self, code: str) -> Goal | None:
        return next((goal for goal in self.goals if goal.code == code), None)

    def bit(self, goal: Goal) -> int:
        return 1 << self.goals.index(goal)

    def due_at(self, period: Period, zone: str) -> datetime:
        """When goals that are paid at the end are looked at: the return window has followed the period's last day."""
        return local_day_starts(period.last_day + timedelta(days=self.return_window_days + 1), zone)

    def history_from(self, period: Period) -> date:
        """The first day that says something about ``period``, averages included."""
        longest = max((goal.average.periods for goal in self.goals if goal.period == period.kind), default=0)
        return period.earlier(longest).first_day


def goal_plan(version: int, goals: Sequence[Goal], return_window_days: int) -> GoalPlan:
    """The goals of a valid document."""
    lines = LineIndex([goal.lines for goal in goals], [goal.except_lines for goal in goals])
    return GoalPlan(version, tuple(goals), return_window_days, lines)


def counts_everything(goal: Goal) -> bool:
    """Whether what receipts come to is what counts, whatever their lines are."""
    return goal.counts == "spend_minor" and goal.lines == goal.except_lines == LineNames()
