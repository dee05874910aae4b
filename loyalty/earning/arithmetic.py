"""What a rule counts, and what it pays for that: exact fractions, rounded once."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from loyalty.earning.multipliers import Factors
from loyalty.earning.purchase import EarnLine
from loyalty.programme.compiled import ITEM_UNIT, CompiledRule


class Counted(Struct, frozen=True, gc=False):
    """What the lines that a rule takes amount to. Rules that count the same lines alike share it.

    ``basis`` is in minor units or millionths of a unit; ``weighted`` is the same with every line multiplied by its
    factor, and ``least_factor`` the smallest of those factors, both to be divided by ``divisor``.
    """

    basis: int
    weighted: int
    least_factor: int
    divisor: int


NOTHING = Counted(0, 0, 1, 1)


def count(places: Iterable[int], bases: list[int], measures: list[int], factors: Factors | None) -> Counted:
    """Count the lines at ``places``: their ``measures``, but nothing of a line whose base is zero."""
    counted = [place for place in places if bases[place]]
    if not counted:
        return NOTHING
    basis = sum([measures[place] for place in counted])
    if factors is None:
        return Counted(basis, basis, 1, 1)
    weighted = sum([measures[place] * factors.lines[place] for place in counted])
    return Counted(basis, weighted, min([factors.lines[place] for place in counted]), factors.divisor)


def measure_lines(lines: tuple[EarnLine, ...], measure: str, bases: list[int]) -> list[int]:
    """What a rule counts of each line: its base, its whole units or its exact quantity, the last two in millionths."""
    if measure == "minor":
        return bases
    if measure == "fractions":
        return [int(line.quantity * ITEM_UNIT) for line in lines]
    return [int(line.quantity) * ITEM_UNIT for line in lines]


def exact_points(rule: CompiledRule, counted: Counted) -> tuple[int, int]:
    """What ``rule`` pays for what it ``counted``, as numerator and denominator."""
    divisor = counted.divisor if rule.multiplied else 1
    if rule.kind == "rate" or rule.kind == "per_item":
        weighted = counted.weighted if rule.multiplied else counted.basis
        return weighted * rule.points, (rule.per_minor if rule.kind == "rate" else ITEM_UNIT) * divisor
    points = rule.points if rule.kind == "fixed" else step_reached(rule, counted.basis)
    # One sum for several lines takes the factor that all of them have, so the smallest.
    return points * (counted.least_factor if rule.multiplied else 1), divisor


def step_reached(rule: CompiledRule, basis_minor: int) -> int:
    """The points of the highest step of ``rule`` that ``basis_minor`` reaches, or 0."""
    return next((points for from_minor, points in rule.steps if basis_minor >= from_minor), 0)


def rounded(exact: int, divisor: int, rounding: Literal["floor", "round", "ceil"]) -> int:
    """``exact / divisor`` as a whole number, both at least 0; ``round`` takes halves up."""
    if rounding == "floor":
        return exact // divisor
    if rounding == "ceil":
        return -(-exact // divisor)
    return (2 * exact + divisor) // (2 * divisor)
