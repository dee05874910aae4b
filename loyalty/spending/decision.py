"""Deciding what of an asked spend is allowed."""

from msgspec import Struct

from kernel.errors import UnprocessableError
from loyalty.programme.spending import SpendSettings
from loyalty.spending.allocation import allocate
from loyalty.spending.limits import SpendLimits
from loyalty.spending.value import points_to_minor


class SpendRefusedError(UnprocessableError):
    """The basket, the balance or the programme does not allow to spend so many points.

    ``reason`` is that of ``SpendLimits``, or ``above_balance``, ``above_basket``, ``above_share``, ``below_minimum`` or
    ``not_a_step``.
    """

    code = "spend_refused"
    title = "These points cannot be spent on this basket."

    def __init__(self, reason: str, *, asked_points: int, limits: SpendLimits) -> None:
        super().__init__(
            reason=reason,
            asked_points=asked_points,
            max_points=limits.max_points,
            minimum_points=limits.minimum_points,
            step_points=limits.step_points,
            available_points=limits.limits.get("balance", 0),
        )
        self.reason = reason


class Spend(Struct, frozen=True):
    """An allowed spend, with the share of each line in minor units: they add up to ``minor``."""

    points: int
    minor: int
    minor_by_line: dict[str, int]


def decide_spend(asked_points: int, limits: SpendLimits, settings: SpendSettings) -> Spend | SpendRefusedError:
    """``asked_points`` where they fit; else, as ``over_balance`` says, the most that fits or a refusal (a value).

    Asking for nothing is answered by a spend of nothing. Raises ``ValueError`` for a negative number.
    """
    if asked_points < 0:
        raise ValueError(f"asked_points is negative: {asked_points}")
    points = min(asked_points, limits.max_points) // limits.step_points * limits.step_points
    if points < limits.minimum_points:
        points = 0
    if points != asked_points and (settings.over_balance == "refuse" or not points):
        return SpendRefusedError(_reason(asked_points, limits), asked_points=asked_points, limits=limits)
    minor = points_to_minor(points, settings.value) if settings.value and points else 0
    shares = allocate(minor, limits.eligible, minimum_line_minor=settings.minimum_line_minor)
    return Spend(points, minor, {line_id: share for line_id, share in shares.items() if share})


def _reason(asked_points: int, limits: SpendLimits) -> str:
    if limits.reason:
        return limits.reason
    for name, allowed in sorted(limits.limits.items(), key=lambda limit: limit[1]):
        if asked_points > allowed:
            return f"above_{name}"
    return "below_minimum" if asked_points < limits.minimum_points else "not_a_step"
