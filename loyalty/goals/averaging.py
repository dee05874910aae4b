"""A member's own average, and what a threshold asks of them. Pure."""

from collections.abc import Sequence

from msgspec import Struct

from loyalty.goals.counting import Bought, total_of
from loyalty.goals.periods import Period
from loyalty.goals.plan import GoalPlan
from loyalty.programme.goals import Goal, GoalThreshold

WHOLE_PERCENT = 100


class PastPeriod(Struct, frozen=True, kw_only=True):
    """What a period came to."""

    period: str
    amount: int


class OwnAverage(Struct, frozen=True, kw_only=True):
    """How an average was computed: the sum of these periods, divided by how many they are."""

    periods: tuple[PastPeriod, ...]
    """From the first in which something counted to the last before the current one."""
    is_enough: bool
    """Whether there are as many as the goal asks for, and something in them."""

    @property
    def total(self) -> int:
        return sum(each.amount for each in self.periods)

    @property
    def amount(self) -> int:
        """Rounded down, to be shown; thresholds go by the exact one. 0 without a period."""
        return self.total // max(1, len(self.periods))

    def required(self, percent: int) -> int:
        """The least whole amount that is ``percent`` of the average, at least 1."""
        return max(1, -(-self.total * percent // (WHOLE_PERCENT * max(1, len(self.periods)))))

    def percent_of(self, amount: int) -> int:
        """How much of the average ``amount`` is, rounded down. The average must be enough."""
        return WHOLE_PERCENT * amount * len(self.periods) // self.total


def own_average(plan: GoalPlan, goal: Goal, period: Period, bought: Sequence[Bought]) -> OwnAverage:
    """The average of the periods before ``period``. ``bought`` reaches back as far as the goal looks."""
    amounts: list[PastPeriod] = []
    for ago in range(goal.average.periods, 0, -1):
        past = period.earlier(ago)
        total = total_of(plan, goal, (each for each in bought if past.has(each.day)))
        amount = max(0, total.of(goal))
        if amount or amounts:
            amounts.append(PastPeriod(period=past.name, amount=amount))
    return OwnAverage(periods=tuple(amounts), is_enough=len(amounts) >= goal.average.minimum_periods)


def required_for(threshold: GoalThreshold, average: OwnAverage | None) -> int | None:
    """What the threshold asks for; None where it goes by an average that there is not."""
    if threshold.percent_of_average is None:
        return threshold.amount
    return average.required(threshold.percent_of_average) if average is not None and average.is_enough else None


def asks_for_average(goal: Goal) -> bool:
    return any(threshold.percent_of_average is not None for threshold in goal.thresholds)
