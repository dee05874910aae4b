"""The fold: a member's days under a plan give the tier of every day. Pure.

Nothing else goes in: not the order in which facts came to be known, nor when somebody looked. A fact counts on its own
local day, so a late receipt falls into its own period and a refund is as if that much had never been bought. Within a
day what is taken back meets what was gained; the tier of a day is that of its end.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import accumulate
from typing import Final, NamedTuple

from loyalty.tiers.plan import NOTHING, Sums, TierPlan
from loyalty.tiers.windows import (
    ONE_DAY,
    is_rolling,
    kept_through,
    leaves_on,
    step_kept_through,
    window_starts,
)

_OUTLOOK_YEARS: Final = 5
_MOST_STEPS_AHEAD: Final = 1_000


class Transition(NamedTuple):
    """The tier changes at the start of ``day``, or by the facts of that day."""

    day: date
    before: int
    after: int


class Fold:
    """Runs through days in their order; ``tier`` is that of the day it has been run to."""

    def __init__(self, plan: TierPlan, sums_by_day: Mapping[date, Sums], joined: date) -> None:
        self._plan, self._joined = plan, joined
        self._days = sorted(day for day, sums in sums_by_day.items() if any(sums))
        self._totals = list(accumulate((sums_by_day[day] for day in self._days), Sums.plus, initial=NOTHING))
        self._until_not_enough = (
            plan.settings.retention.kind == "window" and window_is_open(plan) and plan.settings.downgrade != "never"
        )
        self._facts = frozenset(self._days)
        marks = set(self._days)
        if self._until_not_enough and is_rolling(plan.settings.window):
            marks.update(leaves_on(plan.settings.window, day) for day in self._days)
        self._marks = sorted(marks)
        self._next_mark = 0
        self._last_day: date | None = None
        """The last day on which the tier is kept though it is not reached anew; None: no such day."""
        self.tier = plan.base
        self.transitions: list[Transition] = []

    def run(self, through: date) -> None:
        """Run to the end of ``through``."""
        while (day := self._next_day()) is not None and day <= through:
            self._step(day)

    def next_change(self, today: date) -> Transition | None:
        """What time alone changes next after ``today``, to which the fold has been run; it is run on for that.

        None when nothing does within five years.
        """
        known = len(self.transitions)
        horizon = today + timedelta(days=366 * _OUTLOOK_YEARS)
        for _ in range(_MOST_STEPS_AHEAD):
            day = self._next_day()
            if day is None or day > horizon:
                return None
            self._step(day)
            if len(self.transitions) > known:
                return self.transitions[known]
        return None

    def entered(self, tier: int) -> list[date]:
        """The days on which ``tier`` was reached from below, or passed, as far as the fold has been run."""
        return [change.day for change in self.transitions if change.before < tier <= change.after]

    def within(self, day: date) -> Sums:
        """What the window of ``day`` comes to at the end of it."""
        return self._between(day, bisect_right(self._days, day))

    def _next_day(self) -> date | None:
        mark = self._marks[self._next_mark] if self._next_mark < len(self._marks) else None
        review = None if self._last_day is None else self._last_day + ONE_DAY
        return min((day for day in (mark, review) if day is not None), default=None)

    def _step(self, day: date) -> None:
        if self._last_day is not None and self._last_day < day:
            # At the start of the day: its own facts come after it.
            self._review(day, self._plan.reached(self._between(day, bisect_left(self._days, day))))
        if self._next_mark < len(self._marks) and self._marks[self._next_mark] == day:
            self._next_mark += 1
            self._look(day)

    def _look(self, day: date) -> None:
        """Facts came, or left the window: the tier rises at once, is renewed, or starts to end."""
        reached = self._plan.reached(self.within(day))
        if reached > self.tier:
            self._move(day, reached)
            self._last_day = self._kept_through(day)
        elif reached == self.tier:
            if self._until_not_enough:
                self._last_day = None
            elif day in self._facts:
                self._last_day = self._later(self._kept_through(day))
        elif self._until_not_enough and self._last_day is None:
            grace = self._plan.settings.grace_days
            if grace:
                self._last_day = day + timedelta(days=grace - 1)
            else:
                self._review(day, reached)

    def _review(self, day: date, reached: int) -> None:
        """The time of the tier is over: the window decides anew."""
        one_step = self._plan.settings.downgrade == "one_step"
        tier = max(reached, self.tier - 1) if one_step else reached
        tier = max(tier, self._plan.base)
        self._move(day, tier)
        if tier <= self._plan.base or reached >= tier:
            self._last_day = self._kept_through(day)
        else:
            settings = self._plan.settings
            self._last_day = step_kept_through(settings.retention, settings.window, day, self._joined)

    def _move(self, day: date, tier: int) -> None:
        if tier != self.tier:
            self.transitions.append(Transition(day, self.tier, tier))
            self.tier = tier

    def _kept_through(self, day: date) -> date | None:
        settings = self._plan.settings
        if self.tier <= self._plan.base or settings.downgrade == "never":
            return None
        last_day = kept_through(settings.retention, settings.window, day, self._joined)
        return None if last_day is None else last_day + timedelta(days=settings.grace_days)

    def _later(self, last_day: date | None) -> date | None:
        return None if last_day is None or self._last_day is None else max(last_day, self._last_day)

    def _between(self, day: date, until: int) -> Sums:
        """Facts of the window of ``day`` among the first ``until`` days."""
        first = bisect_left(self._days, window_starts(self._plan.settings.window, day, self._joined))
        return self._totals[until].less(self._totals[min(first, until)])


def window_is_open(plan: TierPlan) -> bool:
    """Whether the window has no end of its own."""
    return plan.settings.window.kind == "ever" or is_rolling(plan.settings.window)
