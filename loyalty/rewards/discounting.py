"""What a reward takes off a basket, line by line. Pure."""

from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from loyalty.earning.purchase import EarningPurchase, EarnLine
from loyalty.earning.shares import refunded_minor, with_shares
from loyalty.programme.indexes import widened
from loyalty.programme.rewards import RewardEffect
from loyalty.programme.rules import LineNames
from loyalty.spending.allocation import AllocationLine, allocate
from loyalty.spending.picking import picks_any

WHOLE_BP = 10_000
FREE_KIND = "free_item"
"""The kind of a line that a reward has made free. No rule names it, so that it earns nothing."""


class Discount(Struct, frozen=True):
    """``minor`` off the basket, the sum of its shares by line. ``reason`` is empty, or why there is none.

    ``below_minimum_basket``, ``nothing_eligible``, or ``no_discount`` for what is handed over.
    """

    minor: int
    by_line: dict[str, int]
    reason: str = ""


def discount_of(effect: RewardEffect, basket: EarningPurchase, *, minimum_line_minor: int = 0) -> Discount:
    """What ``effect`` takes off ``basket``. Each line keeps ``minimum_line_minor``; the shares are exact."""
    if effect.kind not in ("percent_discount", "amount_discount", "free_item"):
        return Discount(0, {}, "no_discount")
    basket = with_shares(basket)
    if sum(net_minor(line) for line in basket.lines) < effect.minimum_basket_minor:
        return Discount(0, {}, "below_minimum_basket")
    lines = [line for line in basket.lines if net_minor(line) > minimum_line_minor and _matches(effect, line)]
    if effect.kind == "free_item":
        return _cheapest_unit(lines, minimum_line_minor)
    if not lines:
        return Discount(0, {}, "nothing_eligible")
    eligible = [AllocationLine(line.line_id, net_minor(line)) for line in lines]
    room = sum(line.amount_minor - minimum_line_minor for line in eligible)
    minor = min(_asked_minor(effect, sum(line.amount_minor for line in eligible)), room)
    shares = allocate(minor, eligible, minimum_line_minor=minimum_line_minor)
    return Discount(minor, {line_id: share for line_id, share in shares.items() if share})


def free_line(effect: RewardEffect, lines: Iterable[EarnLine], *, minimum_line_minor: int = 0) -> str | None:
    """The line that the till has made free for the reward: a matching one of a single unit, of which nothing is paid.

    None where it is not to be told: the unit then stands on a line with others that were bought.
    """
    if effect.kind != "free_item":
        return None
    single = [line for line in lines if line.quantity == 1 and _matches(effect, line)]
    free = [line.line_id for line in single if line.discount_minor and net_minor(line) <= minimum_line_minor]
    return min(free, default=None)


def net_minor(line: EarnLine) -> int:
    """What the line costs after its own and the order's discounts."""
    return max(0, line.amount_minor - line.discount_minor - line.order_discount_minor)


def _asked_minor(effect: RewardEffect, price_minor: int) -> int:
    if effect.kind == "amount_discount":
        return effect.amount_minor
    minor = price_minor * effect.share_bp // WHOLE_BP
    return min(minor, effect.maximum_minor) if effect.maximum_minor else minor


def _cheapest_unit(lines: Iterable[EarnLine], minimum_line_minor: int) -> Discount:
    units = [
        (refunded_minor(net_minor(line), Decimal(1), line.quantity), line.line_id, net_minor(line))
        for line in lines
        if line.quantity >= 1
    ]
    if not units:
        return Discount(0, {}, "nothing_eligible")
    unit, line_id, price = min(units)
    minor = min(unit, price - minimum_line_minor)
    return Discount(minor, {line_id: minor})


def _matches(effect: RewardEffect, line: EarnLine) -> bool:
    return _picks_all(effect.lines, line) and not picks_any(effect.except_lines, line)


def _picks_all(names: LineNames, line: EarnLine) -> bool:
    """Whether every list that is given names the line. Without a list of kinds only goods are meant."""
    return (
        (not names.skus or line.sku in names.skus)
        and (not names.brands or line.brand in names.brands)
        and line.kind in (names.kinds or ("goods",))
        and (not names.categories or any(path in names.categories for path in widened(line.category)))
        and (not names.tags or any(tag in names.tags for tag in line.tags))
    )
