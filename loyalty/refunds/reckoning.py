"""What a refund comes to: quantities, money and points, from the sale's frozen facts alone. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from loyalty.earning.purchase import EarningPurchase
from loyalty.earning.refunding import TakenBack, taken_back
from loyalty.earning.shares import scale_lines
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.refunds.original import Original
from loyalty.refunds.returned import (
    LineNotFoundError,
    NothingToRefundError,
    RefundAbovePurchaseError,
    ReturnedLine,
)

NOTHING_TAKEN = TakenBack({}, (), {})


@dataclass(frozen=True, slots=True)
class Reckoning:
    """One refund's arithmetic."""

    quantities: Mapping[str, Decimal]
    """Line id -> quantity that comes back now."""
    amount_minor: int
    """Price of it after discounts, and with the last of it the sale's rounding."""
    points_minor: int
    """The part of the price that points had paid."""
    points_minor_before: int
    """The same of all that had come back before."""
    taken: TakenBack
    """Earned points to take, and what returns to the counters."""
    points_back: int
    """Spent points to return, shortfall included."""
    points_back_before: int
    """How many had been returned before."""


def reckon(original: Original, lines: Sequence[ReturnedLine], programme: ProgrammeSnapshot | None) -> Reckoning:
    """Work out a refund of ``lines``; of all that is left when there are none.

    Every figure is the difference between two totals, before and after: so partial refunds add up to the full one
    exactly. Raises ``LineNotFoundError``, ``RefundAbovePurchaseError``, ``NothingToRefundError``.
    """
    quantities = _quantities(original, lines)
    before = original.came_back
    after = {**before, **{line_id: before.get(line_id, 0) + quantity for line_id, quantity in quantities.items()}}
    left_before, left_after = scale_lines(original.basket, before), scale_lines(original.basket, after)
    points_minor = _points_minor(left_before) - _points_minor(left_after)
    taken = NOTHING_TAKEN
    if original.evaluation is not None and programme is not None:
        taken = taken_back(
            original.evaluation, original.lines, states=original.states, came_back=after, programme=programme
        )
    return Reckoning(
        quantities=quantities,
        amount_minor=_total_minor(original, left_before) - _total_minor(original, left_after),
        points_minor=points_minor,
        points_minor_before=_points_minor(original.basket) - _points_minor(left_before),
        taken=taken,
        points_back=_points_out(original, left_after) - _points_out(original, left_before),
        points_back_before=_points_out(original, left_before),
    )


def _quantities(original: Original, lines: Sequence[ReturnedLine]) -> dict[str, Decimal]:
    if not any(line.quantity for line in original.lines):
        return _whole_without_quantity(original, lines)
    left = {line.line_id: line.quantity - original.came_back.get(line.line_id, 0) for line in original.lines}
    if not lines:
        everything = {line_id: quantity for line_id, quantity in left.items() if quantity}
        if not everything:
            raise NothingToRefundError
        return everything
    wanted: dict[str, Decimal] = {}
    for line in lines:
        if line.id not in left:
            raise LineNotFoundError(None, line_id=line.id)
        wanted[line.id] = wanted.get(line.id, Decimal(0)) + Decimal(line.quantity)
        if wanted[line.id] > left[line.id]:
            raise RefundAbovePurchaseError(
                None, line_id=line.id, returned=f"{wanted[line.id]:f}", left=f"{left[line.id].normalize():f}"
            )
    returned = {line_id: quantity for line_id, quantity in wanted.items() if quantity}
    if not returned:
        raise NothingToRefundError("No quantity above zero is returned.")
    return returned


def _whole_without_quantity(original: Original, lines: Sequence[ReturnedLine]) -> dict[str, Decimal]:
    """A basket of surcharges and corrections alone, which nothing measures: it comes back whole and once.

    The till names all of its lines, or none. A part of it is no quantity above zero.
    """
    everything = {line.line_id: line.quantity for line in original.lines}
    for line in lines:
        if line.id not in everything:
            raise LineNotFoundError(None, line_id=line.id)
        if Decimal(line.quantity):
            raise RefundAbovePurchaseError(None, line_id=line.id, returned=line.quantity, left="0")
    if original.states:
        raise NothingToRefundError
    if lines and {line.id for line in lines} != everything.keys():
        raise NothingToRefundError("No quantity above zero is returned.")
    return everything


def _total_minor(original: Original, left: EarningPurchase) -> int:
    """What is left costs, rounded as the sale was while anything is left, and never less than points paid of it.

    So all refunds together come to the sale's total, whatever their order, and the cash of none is below zero.
    """
    if not left.lines:
        return 0
    price_minor = sum(line.amount_minor - line.discount_minor - line.order_discount_minor for line in left.lines)
    return max(_points_minor(left), price_minor + original.rounding_minor)


def _points_minor(basket: EarningPurchase) -> int:
    return sum(line.points_paid_minor for line in basket.lines)


def _points_out(original: Original, left: EarningPurchase) -> int:
    """Spent points that have come back in all, while ``left`` is what has not come back.

    In proportion to what they paid of the lines, which is less than they were worth where the basket had shrunk since
    they were set aside.
    """
    paid_minor = sum(line.points_paid_minor for line in original.lines)
    if not paid_minor:
        return 0 if left.lines else original.points_spent
    return original.points_spent * (paid_minor - _points_minor(left)) // paid_minor
