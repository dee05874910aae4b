"""The catalogue as a CSV file (RFC 4180, UTF-8), as spreadsheets write it. Pure.

The first line names the columns: ``sku``, ``category``, ``brand``, ``tags`` (joined by ``|``), and ``name:<language>``
for each language. Only ``sku`` must be there. Commas separate; semicolons do where the first line has no comma, which
is what spreadsheets write in countries with a decimal comma. Blank lines do not count.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from kernel.errors import UnprocessableError
from loyalty.catalogue import CatalogueEntry
from loyalty.catalogue_checks import entry_problems

MOST_ITEMS: Final = 50_000
MOST_PROBLEMS: Final = 100
_PLAIN_COLUMNS: Final = frozenset({"sku", "category", "brand", "tags"})
_NAME: Final = "name:"


class LineProblem(Struct, frozen=True):
    """What is wrong with a line. Lines count from 1; the one that names the columns is the first."""

    line: int
    field: str
    """A column; empty for the whole line."""
    message: str


class CatalogueFileError(UnprocessableError):
    """The file has problems, listed with their lines (at most ``MOST_PROBLEMS``). Nothing was imported."""

    code = "catalogue_file_invalid"
    title = "The catalogue file has problems."

    def __init__(self, problems: Sequence[LineProblem]) -> None:
        super().__init__(None, problems=msgspec.to_builtins(list(problems[:MOST_PROBLEMS])))


def read_catalogue_file(content: bytes) -> list[CatalogueEntry]:
    """All items of the file. Raises ``CatalogueFileError`` with every problem, so that one try tells them all."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CatalogueFileError([LineProblem(line, "", "is not UTF-8")]) from None
    reading = _Reading()
    reading.read(text)
    if reading.problems:
        raise CatalogueFileError(reading.problems)
    return list(reading.entries.values())


class _Reading:
    """The items and the problems found so far."""

    def __init__(self) -> None:
        self.entries: dict[str, CatalogueEntry] = {}
        self.problems: list[LineProblem] = []
        self._lines: dict[str, int] = {}

    def read(self, text: str) -> None:
        rows = _rows(text)
        try:
            first, columns = next(rows, (1, []))
            self._check_columns(first, columns)
            if self.problems:
                return
            for line, cells in rows:
                self._take(line, columns, cells)
                if len(self.problems) >= MOST_PROBLEMS:
                    return
        except _BrokenLineError as broken:
            self._note(broken.line, "", str(broken))

    def _check_columns(self, line: int, columns: list[str]) -> None:
        if "sku" not in columns:
            self._note(line, "sku", "is missing among the columns")
        for place, column in enumerate(columns):
            if column in columns[:place]:
                self._note(line, column[:80], "stands twice among the columns")
            elif column not in _PLAIN_COLUMNS and not column.startswith(_NAME):
                self._note(line, column[:80], "is no column of a catalogue")

    def _take(self, line: int, columns: list[str], cells: list[str]) -> None:
        if len(cells) != len(columns):
            self._note(line, "", f"has {len(cells)} values for {len(columns)} columns")
            return
        if len(self.entries) >= MOST_ITEMS:
            raise _BrokenLineError(line, f"is beyond the {MOST_ITEMS} items that one file may have")
        entry = _entry(dict(zip(columns, cells, strict=True)))
        for field, message in entry_problems(entry):
            self._note(line, field, message)
        if entry.sku in self.entries:
            self._note(line, "sku", f"stands on line {self._lines[entry.sku]} already")
            return
        self.entries[entry.sku] = entry
        self._lines[entry.sku] = line

    def _note(self, line: int, field: str, message: str) -> None:
        self.problems.append(LineProblem(line, field, message))


class _BrokenLineError(Exception):
    """Nothing behind this line can be read."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank with the line on which it begins, its values without the spaces around them."""
    first_line = text.partition("\n")[0]
    separator = ";" if ";" in first_line and "," not in first_line else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        begins_on = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise _BrokenLineError(begins_on, "has a quote that is not closed, or a value that is too long") from None
        if any(cell.strip() for cell in row):
            yield begins_on, [cell.strip() for cell in row]


def _entry(row: dict[str, str]) -> CatalogueEntry:
    return CatalogueEntry(
        sku=row["sku"],
        names={column.removeprefix(_NAME): cell for column, cell in row.items() if column.startswith(_NAME) and cell},
        category=row.get("category", ""),
        brand=row.get("brand", ""),
        tags=tuple(tag for part in row.get("tags", "").split("|") if (tag := part.strip())),
    )
