"""How many points a basket allows to spend."""

from msgspec import Struct

from loyalty.earning.purchase import EarningPurchase
from loyalty.earning.shares import with_shares
from loyalty.programme.spending import SpendSettings
from loyalty.spending.allocation import AllocationLine
from loyalty.spending.picking import picks_any
from loyalty.spending.value import points_to_minor, points_within, spend_step

WHOLE_BP = 10_000


class SpendLimits(Struct, frozen=True, kw_only=True):
    """The most that may be spent on a basket. ``max_points`` is 0 or what a spend may really be.

    ``limits`` says what each limit alone would allow in points, before steps: ``balance``; ``basket``, what the
    eligible lines can take; ``share``, the programme's part of them. ``reason`` is empty, or why nothing may be spent:
    ``not_for_payment``, ``nothing_eligible``, ``insufficient_points`` or ``below_minimum``.
    """

    max_points: int
    max_minor: int
    minimum_points: int
    step_points: int
    limits: dict[str, int]
    eligible: tuple[AllocationLine, ...]
    """Lines that points may pay, with what they cost after discounts: what ``allocate`` shares over."""
    reason: str = ""


def spend_limits(purchase: EarningPurchase, available_points: int, settings: SpendSettings) -> SpendLimits:
    """The limits of ``purchase`` for a member with ``available_points`` of the spending wallet."""
    if settings.value is None:
        return _nothing("not_for_payment", settings, 1, (), {})
    step = spend_step(settings, settings.value)
    eligible = eligible_lines(purchase, settings)
    room_minor = sum(max(line.amount_minor - settings.minimum_line_minor, 0) for line in eligible)
    share_minor = sum(line.amount_minor for line in eligible) * settings.maximum_share_bp // WHOLE_BP
    limits = {
        "balance": max(available_points, 0),
        "basket": points_within(room_minor, settings.value),
        "share": points_within(share_minor, settings.value),
    }
    if not room_minor:
        return _nothing("nothing_eligible", settings, step, eligible, limits)
    points = min(limits.values()) // step * step
    if not points or points < settings.minimum_points:
        short = limits["balance"] < max(settings.minimum_points, step)
        return _nothing("insufficient_points" if short else "below_minimum", settings, step, eligible, limits)
    return SpendLimits(
        max_points=points,
        max_minor=points_to_minor(points, settings.value),
        minimum_points=_minimum(settings, step),
        step_points=step,
        limits=limits,
        eligible=eligible,
    )


def eligible_lines(purchase: EarningPurchase, settings: SpendSettings) -> tuple[AllocationLine, ...]:
    """Lines that are not excluded, with what they cost after their own and the order's discounts."""
    return tuple(
        AllocationLine(line.line_id, max(line.amount_minor - line.discount_minor - line.order_discount_minor, 0))
        for line in with_shares(purchase).lines
        if not picks_any(settings.excluded, line)
    )


def _minimum(settings: SpendSettings, step: int) -> int:
    # The smallest multiple of the step that reaches the minimum.
    return max(-(-settings.minimum_points // step) * step, step)


def _nothing(
    reason: str, settings: SpendSettings, step: int, eligible: tuple[AllocationLine, ...], limits: dict[str, int]
) -> SpendLimits:
    return SpendLimits(
        max_points=0,
        max_minor=0,
        minimum_points=_minimum(settings, step),
        step_points=step,
        limits=limits,
        eligible=eligible,
        reason=reason,
    )
