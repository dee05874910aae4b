"""The values of a line: each read as what it must be, or refused by its column. Pure."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final, TypeAlias, TypeVar

from kernel.errors import DomainError
from loyalty.programme.part import MAX_EXACT

CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z", re.ASCII)
ID: Final = re.compile(r"[\x21-\x7e]{1,128}\Z")
_NUMBER: Final = re.compile(r"-?[0-9]{1,18}\Z", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)
_FIRST_DAY: Final = date(1970, 1, 1)

T = TypeVar("T")
Cells: TypeAlias = Mapping[str, str]


class CellError(Exception):
    """A value that cannot be."""

    def __init__(self, column: str, code: str, message: str) -> None:
        super().__init__(message)
        self.column, self.code = column, code


def checked(column: str, check: Callable[[], T]) -> T:
    try:
        return check()
    except DomainError as refused:
        raise CellError(column, refused.code, refused.detail) from None


def required(cells: Cells, column: str, form: re.Pattern[str]) -> str:
    if not cells[column]:
        raise CellError(column, "value_missing", "is empty")
    if not form.match(cells[column]):
        raise CellError(column, "value_malformed", "is not written as it must be")
    return cells[column]


def optional(cells: Cells, column: str, form: re.Pattern[str]) -> str | None:
    return required(cells, column, form) if cells.get(column) else None


def number(cells: Cells, column: str) -> int:
    if not _NUMBER.match(cells[column]) or int(cells[column]) > MAX_EXACT:
        raise CellError(column, "number_malformed", f"is no whole number up to {MAX_EXACT}")
    return int(cells[column])


def day(cells: Cells, column: str) -> date | None:
    text = cells.get(column)
    if not text:
        return None
    try:
        if _DAY.match(text) and (found := date.fromisoformat(text)).year < 9_000:
            return found
    except ValueError:
        pass
    raise CellError(column, "day_malformed", "is no day such as 2026-03-01")


def past_day(cells: Cells, column: str, now: datetime) -> date | None:
    found = day(cells, column)
    if found is not None and not _FIRST_DAY <= found <= now.date():
        raise CellError(column, "day_impossible", "lies in the future, or before 1970")
    return found
