"""What a rule counts, and what it pays for that: exact fractions, rounded once."""

from operator import mul
from typing import Literal

from msgspec import Struct

from loyalty.earning.multipliers import Factors
from loyalty.earning.purchase import EarnLine
from loyalty.programme.compiled import ITEM_UNIT, CompiledRule


class Measured(Struct, frozen=True, gc=False):
    """What each line of a basket counts for rules of one kind, 0 where the line has no base.

    ``values`` are minor units or millionths of a unit; ``weighted`` are the same times the factor of the line, to be
    divided by ``divisor``; ``factors`` are those factors. Most rules take every line: for them there are totals.
    """

    values: list[int]
    weighted: list[int]
    factors: tuple[int, ...]
    divisor: int
    total: int
    weighted_total: int


def measure_lines(lines: tuple[EarnLine, ...], bases: list[int], measure: str, factors: Factors | None) -> Measured:
    """Measure each line: its base, or where that is above 0 its whole units or its exact quantity."""
    values = bases
    if measure == "units":
        values = [int(line.quantity) * ITEM_UNIT if base else 0 for line, base in zip(lines, bases, strict=True)]
    elif measure == "fractions":
        values = [int(line.quantity * ITEM_UNIT) if base else 0 for line, base in zip(lines, bases, strict=True)]
    total = sum(values)
    if factors is None:
        return Measured(values, values, (1,) * len(values), 1, total, total)
    weighted = list(map(mul, values, factors.lines))
    return Measured(values, weighted, factors.lines, factors.divisor, total, sum(weighted))


def exact_points(rule: CompiledRule, measured: Measured, places: list[int] | None) -> tuple[int, int, int]:
    """What ``rule`` counts on the lines at ``places`` (None: on all), and what it pays as numerator and denominator."""
    basis = measured.total if places is None else sum([measured.values[place] for place in places])
    divisor = measured.divisor if rule.multiplied else 1
    if rule.kind == "rate" or rule.kind == "per_item":
        weighted = basis
        if rule.multiplied:
            weighted = (
                measured.weighted_total if places is None else sum([measured.weighted[place] for place in places])
            )
        return basis, weighted * rule.points, divisor * (rule.per_minor if rule.kind == "rate" else ITEM_UNIT)
    points = rule.points if rule.kind == "fixed" else step_reached(rule, basis)
    if rule.multiplied:
        points *= _least_factor(measured, places)
    return basis, points, divisor


def _least_factor(measured: Measured, places: list[int] | None) -> int:
    # One sum for several lines takes the factor that all of them have, so the smallest.
    taken = range(len(measured.values)) if places is None else places
    return min((measured.factors[place] for place in taken if measured.values[place]), default=1)


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
