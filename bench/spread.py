"""Several runs of one measurement, and how far they lie apart."""

import statistics
from collections.abc import Sequence

from msgspec import Struct


class Spread(Struct, frozen=True, kw_only=True):
    """The median with the lowest and the highest run."""

    median: float
    lowest: float
    highest: float

    def text(self, digits: int = 0) -> str:
        """``median (lowest to highest)`` with so many decimals."""
        return f"{self.median:,.{digits}f} ({self.lowest:,.{digits}f} to {self.highest:,.{digits}f})"


def spread(figures: Sequence[float], *, digits: int = 3) -> Spread:
    """The spread of at least one figure, rounded."""
    median, lowest, highest = statistics.median(figures), min(figures), max(figures)
    return Spread(median=round(median, digits), lowest=round(lowest, digits), highest=round(highest, digits))
