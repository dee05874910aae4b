"""Goals: what members are to buy within a period, counted by Comeback. How they are folded is in ``loyalty.goals``."""

from typing import Literal

from loyalty.programme.part import Part
from loyalty.programme.rules import LineNames


class GoalThreshold(Part, frozen=True, kw_only=True):
    """A step of a goal: one of the two numbers says how much it takes. Who has exactly as much has reached it."""

    code: str
    """Rules know it as ``action.threshold``."""
    amount: int | None = None
    """Minor units, or whole pieces where the goal counts those."""
    percent_of_average: int | None = None
    """Of the member's own average, see ``GoalAverage``: 110 is a tenth more than usual."""


class GoalAverage(Part, frozen=True, kw_only=True):
    """What a member's own average is: over the last ``periods`` before the current one, from the first on in which
    something counted. With fewer than ``minimum_periods`` of them, or nothing in them, there is no average.
    """

    periods: int = 3
    minimum_periods: int = 3


class Goal(Part, frozen=True, kw_only=True):
    """What is to be bought in a calendar period of the member's local days. What it is worth stands in
    ``action_rules`` for ``action``, of which one is recorded for each threshold that is reached
    (``action.goal == "month" && action.threshold == "first"``), once for each period.
    """

    code: str
    names: dict[str, str]
    action: str
    """Code of an action type of the kind ``sales_volume``."""
    period: Literal["week", "month", "quarter", "year"] = "month"
    counts: Literal["spend_minor", "quantity"] = "spend_minor"
    """What purchases cost after discounts, tax included and whatever paid for them; or whole pieces. Less what came
    back."""
    lines: LineNames = LineNames()
    """Only lines that match every list given here (any name within a list)."""
    except_lines: LineNames = LineNames()
    """Never lines that match any list given here."""
    thresholds: tuple[GoalThreshold, ...]
    average: GoalAverage = GoalAverage()
    paid: Literal["at_once", "at_end"] = "at_once"
    """With ``at_end`` it is looked at once the period is over and ``refunds.return_window_days`` have followed."""
