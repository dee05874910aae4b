"""Amounts of the whole order, shared over its lines, and what is left of lines after a refund."""

from collections.abc import Mapping
from decimal import Decimal

from msgspec.structs import replace

from loyalty.earning.purchase import STORED_VALUE_TENDERS, EarningPurchase, EarnLine
from loyalty.spending.allocation import AllocationLine, allocate


def with_shares(purchase: EarningPurchase) -> EarningPurchase:
    """The purchase with order discount and stored value on its lines, where they were not yet.

    Shares are in proportion to what the lines cost, by largest remainder. An order discount above the lines' price
    counts as that price.
    """
    if not purchase.order_discount_minor and not purchase.tenders:
        return purchase
    purchase = _share_order_discount(purchase)
    return _share_stored_value(purchase)


def _share_order_discount(purchase: EarningPurchase) -> EarningPurchase:
    total_minor = purchase.order_discount_minor
    if not total_minor or any(line.order_discount_minor for line in purchase.lines):
        return purchase
    payable = [AllocationLine(line.line_id, line.amount_minor - line.discount_minor) for line in purchase.lines]
    shares = allocate(min(total_minor, sum(line.amount_minor for line in payable)), payable)
    lines = tuple(replace(line, order_discount_minor=shares[line.line_id]) for line in purchase.lines)
    return replace(purchase, lines=lines)


def _share_stored_value(purchase: EarningPurchase) -> EarningPurchase:
    total_minor = sum(tender.amount_minor for tender in purchase.tenders if tender.kind in STORED_VALUE_TENDERS)
    if not total_minor or any(line.stored_value_minor for line in purchase.lines):
        return purchase
    payable = [
        AllocationLine(
            line.line_id,
            max(
                line.amount_minor - line.discount_minor - line.order_discount_minor - line.points_paid_minor,
                0,
            ),
        )
        for line in purchase.lines
    ]
    shares = allocate(min(total_minor, sum(line.amount_minor for line in payable)), payable)
    lines = tuple(replace(line, stored_value_minor=shares[line.line_id]) for line in purchase.lines)
    return replace(purchase, lines=lines)


def scale_lines(purchase: EarningPurchase, came_back: Mapping[str, Decimal]) -> EarningPurchase:
    """What is left of ``purchase`` after the quantities in ``came_back``, by line id, came back *in all*.

    The refunded part of each amount is ``amount * refunded / quantity`` rounded half up, of the total refunded so
    far: the parts of any series of refunds add up to the whole, and a line that came back whole disappears. Lines
    without a quantity (a surcharge, a correction) come back with the last of the others, or when they are named. Each
    line's price stays the sum of its discounts, its shares and what is left to pay, none of them negative.

    Raises ``ValueError`` for an unknown line or a quantity below 0 or above what was bought.
    """
    unknown = came_back.keys() - {line.line_id for line in purchase.lines}
    if unknown:
        raise ValueError(f"not lines of this purchase: {sorted(unknown)}")
    shared = with_shares(purchase)
    remaining = tuple(
        line for before in shared.lines if (line := _remaining(before, came_back.get(before.line_id))) is not None
    )
    if came_back and not any(line.quantity for line in remaining):
        remaining = ()
    return replace(shared, lines=remaining, order_discount_minor=sum(line.order_discount_minor for line in remaining))


def refunded_minor(amount_minor: int, refunded: Decimal, quantity: Decimal) -> int:
    """The part of ``amount_minor`` that falls on ``refunded`` of ``quantity`` in all: half up, exact at both ends."""
    numerator, denominator = refunded.as_integer_ratio()
    bought_numerator, bought_denominator = quantity.as_integer_ratio()
    part = amount_minor * numerator * bought_denominator
    whole = denominator * bought_numerator
    return (2 * part + whole) // (2 * whole)


def _remaining(line: EarnLine, refunded: Decimal | None) -> EarnLine | None:
    if refunded is None:
        return line
    if not 0 <= refunded <= line.quantity:
        raise ValueError(f"cannot take back {refunded} of {line.quantity} on line {line.line_id!r}")
    if refunded == line.quantity:
        return None
    if not refunded:
        return line

    def left(amount_minor: int) -> int:
        return amount_minor - refunded_minor(amount_minor, refunded, line.quantity)

    discount, order_discount = left(line.discount_minor), left(line.order_discount_minor)
    points_paid, stored_value = left(line.points_paid_minor), left(line.stored_value_minor)
    parts = line.discount_minor + line.order_discount_minor + line.points_paid_minor + line.stored_value_minor
    # Rounded apart, the parts could exceed the rounded price by a unit: so the price is put together from them.
    amount = discount + order_discount + points_paid + stored_value + left(max(line.amount_minor - parts, 0))
    return replace(
        line,
        quantity=line.quantity - refunded,
        amount_minor=amount,
        discount_minor=discount,
        tax_minor=min(left(line.tax_minor), amount - discount),
        order_discount_minor=order_discount,
        points_paid_minor=points_paid,
        stored_value_minor=stored_value,
    )
