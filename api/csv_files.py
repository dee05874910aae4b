"""Answers as CSV (RFC 4180, UTF-8 with its mark), safe to open in a spreadsheet.

A text that a spreadsheet would take for a formula gets an apostrophe in front, as OWASP advises ("CSV injection").
Whole numbers stay what they are.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from litestar import Response

from api.uploads import CSV

Cell: TypeAlias = str | int | None

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_BYTE_ORDER_MARK: Final = "\ufeff"
"""Without it spreadsheets read UTF-8 as their own code page."""


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """The file: the columns' names, then a line for each row. None is an empty cell."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows([[_safe(cell) for cell in row] for row in rows])
    return _BYTE_ORDER_MARK + file.getvalue()


def csv_answer(columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, name: str) -> Response[str]:
    """The file as an answer that browsers save under ``name``."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(csv_text(columns, rows), media_type=CSV, headers=headers)


def _safe(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell
