"""The catalogue as a CSV file. Pure.

The first line names the columns: ``sku``, ``category``, ``brand``, ``tags`` (joined by ``|``), and ``name:<language>``
for each language. Only ``sku`` must be there.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from kernel.errors import UnprocessableError
from loyalty.catalogue import CatalogueEntry
from loyalty.catalogue_checks import entry_problems
from loyalty.csv_files import BrokenLineError, LineProblem, rows_of, text_of

MOST_ITEMS: Final = 50_000
MOST_PROBLEMS: Final = 100
_PLAIN_COLUMNS: Final = frozenset({"sku", "category", "brand", "tags"})
_NAME: Final = "name:"


class CatalogueFileError(UnprocessableError):
    """The file has problems, listed with their lines (at most ``MOST_PROBLEMS``). Nothing was imported."""

    code = "catalogue_file_invalid"
    title = "The catalogue file has problems."

    def __init__(self, problems: Sequence[LineProblem]) -> None:
        super().__init__(None, problems=msgspec.to_builtins(list(problems[:MOST_PROBLEMS])))


def read_catalogue_file(content: bytes) -> list[CatalogueEntry]:
    """All items of the file. Raises ``CatalogueFileError`` with every problem, so that one try tells them all."""
    reading = _Reading()
    reading.read(content)
    if reading.problems:
        raise CatalogueFileError(reading.problems)
    return list(reading.entries.values())


class _Reading:
    """The items and the problems found so far."""

    def __init__(self) -> None:
        self.entries: dict[str, CatalogueEntry] = {}
        self.problems: list[LineProblem] = []
        self._lines: dict[str, int] = {}

    def read(self, content: bytes) -> None:
        try:
            rows = rows_of(text_of(content))
            first, columns = next(rows, (1, []))
            self._check_columns(first, columns)
            if self.problems:
                return
            for line, cells in rows:
                self._take(line, columns, cells)
                if len(self.problems) >= MOST_PROBLEMS:
                    return
        except BrokenLineError as broken:
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
            raise BrokenLineError(line, f"is beyond the {MOST_ITEMS} items that one file may have")
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


def _entry(row: dict[str, str]) -> CatalogueEntry:
    return CatalogueEntry(
        sku=row["sku"],
        names={column.removeprefix(_NAME): cell for column, cell in row.items() if column.startswith(_NAME) and cell},
        category=row.get("category", ""),
        brand=row.get("brand", ""),
        tags=tuple(tag for part in row.get("tags", "").split("|") if (tag := part.strip())),
    )
