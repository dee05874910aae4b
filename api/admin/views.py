"""A row as staff see it."""

from typing import TypeVar

import msgspec
from msgspec import Struct

V = TypeVar("V", bound=Struct)


def view_of(row: object, view: type[V]) -> V:
    """Each field of ``view`` from the row's column of the same name; columns that the view has not stay inside."""
    return msgspec.convert(row, view, from_attributes=True)
