"""What every part of the programme document has in common."""

from msgspec import Struct

MAX_EXACT = 2**53 - 1
"""The largest amount of points or minor units: the largest integer that a JavaScript client keeps exact."""


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """A piece of the programme document: immutable, and strict about names it does not know.

    Values that equal their default are written out too, so that a published version keeps its meaning when a later
    release of the software changes a default.
    """
