"""Quantities: decimal text at the edge, ``Decimal`` inside, never a float."""

import re
from decimal import Decimal

from kernel.errors import UnprocessableError

_QUANTITY = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?", re.ASCII)


class BadQuantityError(UnprocessableError):
    """Not a plain decimal number with at most 9 digits before the point and 6 after it."""

    code = "bad_quantity"
    title = "A quantity is plain decimal text, with at most 9 digits before the point and 6 after it."


def parse_quantity(text: str) -> Decimal:
    """The quantity written as ``text``: from 0, finite, at most 6 decimals. Raises ``BadQuantityError``."""
    if not _QUANTITY.fullmatch(text):
        raise BadQuantityError(quantity=text[:32])
    return Decimal(text)
