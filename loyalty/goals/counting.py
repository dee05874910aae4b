"""What a receipt counts for a goal. Pure."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from loyalty.earning.purchase import EarnLine
from loyalty.goals.plan import GoalPlan, counts_everything
from loyalty.programme.goals import Goal


class Bought(NamedTuple):
    """What is left of a purchase; or goods that came back without a receipt, with less than nothing left.

    In the order of time, which is that of these fields.
    """

    occurred_at: datetime
    member_id: int
    purchase_no: int
    """0: a return without a receipt."""
    day: date
    """The member's local day."""
    left_minor: int
    """Price less what came back."""
    lines: tuple[EarnLine, ...] = ()
    """What is left of them, with their shares of an order discount; read only where a goal asks for lines."""


class Amount(NamedTuple):
    """What receipts come to for a goal."""

    spend_minor: int
    quantity: Decimal = Decimal(0)

    def plus(self, other: "Amount") -> "Amount":
        return Amount(self.spend_minor + other.spend_minor, self.quantity + other.quantity)

    def of(self, goal: Goal) -> int:
        """The one that the goal counts; whole pieces, so that two halves are one."""
        return self.spend_minor if goal.counts == "spend_minor" else int(self.quantity)


NOTHING = Amount(0)


def amount_of(plan: GoalPlan, goal: Goal, bought: Bought) -> Amount:
    """What one receipt counts. A return without a receipt lowers what counts everything, and nothing else: which
    goods they had been is not known.
    """
    if counts_everything(goal):
        return Amount(bought.left_minor)
    bit = plan.bit(goal)
    taken = [
        line
        for line in bought.lines
        if plan.lines.taking(line.sku, line.category, line.brand, line.tags, line.kind) & bit
    ]
    return Amount(
        sum(line.amount_minor - line.discount_minor - line.order_discount_minor for line in taken),
        sum((line.quantity for line in taken), Decimal(0)),
    )


def total_of(plan: GoalPlan, goal: Goal, bought: Iterable[Bought]) -> Amount:
    """What they count together."""
    total = NOTHING
    for each in bought:
        total = total.plus(amount_of(plan, goal, each))
    return total
