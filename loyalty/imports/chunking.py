"""How many members an import works on at a time: few enough for memory, enough for one statement a table to pay."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

MEMBERS_AT_ONCE: Final = 2_000

T = TypeVar("T")


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """``items`` in lists of at most ``size``."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
