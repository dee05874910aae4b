"""Spending settings: what a point is worth at the till and how much of a basket points may pay."""

from typing import Literal

from loyalty.programme.part import Part
from loyalty.programme.rules import LineNames

PROOFS = ("qr", "code", "app")


class PointValue(Part, frozen=True, kw_only=True):
    """``points`` points are worth ``minor`` minor units. A ratio of integers, so that nothing is rounded twice."""

    points: int = 1
    minor: int = 1


class SpendSettings(Part, frozen=True, kw_only=True):
    """How points pay. Without ``value`` points of this programme buy rewards only."""

    wallet: str = ""
    """Empty: the primary wallet."""
    value: PointValue | None = None
    minimum_points: int = 0
    step_points: int = 1
    maximum_share_bp: int = 10_000
    """Of what the eligible lines cost after discounts, in basis points (10,000 is all of it)."""
    excluded: LineNames = LineNames()
    """Lines that match any of these lists are never paid with points, tobacco for example."""
    mode: Literal["discount", "payment"] = "discount"
    minimum_line_minor: int = 0
    """What must stay to be paid on each line, for fiscal registers that refuse a line of zero."""
    over_balance: Literal["refuse", "clamp"] = "refuse"
    needs_proof: bool = True
    proofs: tuple[str, ...] = PROOFS
    """Accepted proofs of presence: rotating QR, one-time code, confirmation in the app."""
