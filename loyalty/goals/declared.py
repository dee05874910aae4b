"""The goals of all published versions: which of them applied when. Much lighter than whole programmes."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from loyalty.goals.periods import Period
from loyalty.goals.plan import GoalPlan, counts_everything, goal_plan
from loyalty.programme.goals import Goal

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_VERSIONS: Final = """
SELECT version, starts_at, coalesce(document -> 'goals', '[]') AS goals,
       coalesce((document #>> '{refunds,return_window_days}')::int, 0) AS return_window_days
FROM programme_version ORDER BY starts_at, version
"""


class Goals:
    """Every version's goals, by when they are in force."""

    def __init__(self, versions: Sequence[tuple[datetime, GoalPlan]]) -> None:
        """``versions`` by their start, and at one instant by their number."""
        self._versions = versions

    def at(self, instant: datetime) -> GoalPlan:
        """Those in force at ``instant``; before the first version, of the first. There must be one."""
        started = (plan for starts_at, plan in reversed(self._versions) if starts_at <= instant)
        return next(started, self._versions[0][1])

    def version(self, version: int) -> GoalPlan | None:
        return next((plan for _, plan in self._versions if plan.version == version), None)

    def _plans(self) -> Iterable[GoalPlan]:
        return (plan for _, plan in self._versions)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of periods that goals have had."""
        return frozenset(goal.period for plan in self._plans() for goal in plan.goals)

    @property
    def ask_for_lines(self) -> bool:
        """Whether any counts some goods alone, or pieces."""
        return any(not counts_everything(goal) for plan in self._plans() for goal in plan.goals)

    def history_from(self, period: Period) -> date:
        """The first day that says something about ``period``, under whichever version."""
        return min((plan.history_from(period) for plan in self._plans()), default=period.first_day)


async def declared_goals(connection: "Connection[Record]") -> Goals:
    """As they were published."""
    rows = await connection.fetch(_VERSIONS)
    return Goals(
        [
            (
                row["starts_at"],
                goal_plan(
                    row["version"], msgspec.convert(row["goals"], tuple[Goal, ...]), int(row["return_window_days"])
                ),
            )
            for row in rows
        ]
    )
