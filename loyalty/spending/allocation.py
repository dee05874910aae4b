"""Sharing an amount over the lines of a basket: exact, and the same for every order of the lines."""

from collections.abc import Sequence
from typing import NamedTuple

from kernel.errors import UnprocessableError


class AllocationExceedsLinesError(UnprocessableError):
    """More was to be allocated than the lines can take."""

    code = "allocation_exceeds_lines"
    title = "The amount is larger than what the lines can take."

    def __init__(self, *, amount_minor: int, capacity_minor: int) -> None:
        super().__init__(amount_minor=amount_minor, capacity_minor=capacity_minor)


class AllocationLine(NamedTuple):
    """A line that takes part, and what it costs after its discounts."""

    line_id: str
    amount_minor: int


def allocate(amount_minor: int, lines: Sequence[AllocationLine], *, minimum_line_minor: int = 0) -> dict[str, int]:
    """Share ``amount_minor`` over ``lines`` in proportion to what each can take; by line id, in minor units.

    A line can take its amount less ``minimum_line_minor``. The shares add up to the amount exactly, none exceeds what
    its line can take, and each is within one unit of its exact proportion: whole units first, then one more to the
    largest remainders, ties to the smaller line id (the Hamilton method). Line ids are unique.

    Raises ``AllocationExceedsLinesError``; ``ValueError`` for a negative amount.
    """
    if amount_minor < 0:
        raise ValueError(f"amount_minor is negative: {amount_minor}")
    capacities = {line.line_id: max(line.amount_minor - minimum_line_minor, 0) for line in lines}
    capacity = sum(capacities.values())
    if amount_minor > capacity:
        raise AllocationExceedsLinesError(amount_minor=amount_minor, capacity_minor=capacity)
    if amount_minor == 0:
        return dict.fromkeys(capacities, 0)
    shares = {line_id: amount_minor * room // capacity for line_id, room in capacities.items()}
    left = amount_minor - sum(shares.values())
    # A line that is full has remainder 0, and fewer units are left than there are remainders above 0.
    by_remainder = sorted(capacities, key=lambda line_id: (-(amount_minor * capacities[line_id] % capacity), line_id))
    for line_id in by_remainder[:left]:
        shares[line_id] += 1
    return shares
