"""Factors of multipliers."""

from loyalty.programme.compiled import FACTOR_UNIT, factor_thousandths
from loyalty.programme.problems import Problems, ProgrammeProblem

MAX_FACTOR = 10


def check_factor(text: str, path: str) -> Problems:
    """Decimal text with at most 3 places, above 0 and at most 10."""
    try:
        factor = factor_thousandths(text)
    except ValueError:
        yield ProgrammeProblem(path, "bad_factor", f"{text!r} is no decimal with at most 3 places")
        return
    if not 0 < factor <= MAX_FACTOR * FACTOR_UNIT:
        yield ProgrammeProblem(path, "bad_factor", f"{text} is not above 0 and at most {MAX_FACTOR}")
