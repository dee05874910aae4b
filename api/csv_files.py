"""Answers as CSV (RFC 4180, UTF-8 with its mark), safe to open in a spreadsheet.

A text that a spreadsheet would take for a formula gets an apostrophe in front, as OWASP advises ("CSV injection").
Whole numbers stay what they are.
"""

import csv
import io
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from typing import Final, TypeAlias, cast

from litestar import Response
from litestar.response import Stream

from api.uploads import CSV

Cell: TypeAlias = str | int | None

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_BYTE_ORDER_MARK: Final = "\ufeff"
"""Without it spreadsheets read UTF-8 as their own code page."""


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """The file: the columns' names, then a line for each row. None is an empty cell."""
    return _BYTE_ORDER_MARK + _lines([columns]) + _lines(rows)


def csv_answer(columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, name: str) -> Response[str]:
    """The file as an answer that browsers save under ``name``."""
    return Response(csv_text(columns, rows), media_type=CSV, headers=_headers(name))


def csv_stream(columns: Sequence[str], pages: AsyncIterable[Iterable[Sequence[Cell]]], *, name: str) -> Response[str]:
    """The same for a file of any length: a page of its rows is in memory at a time."""

    async def chunks() -> AsyncIterator[str]:
        yield csv_text(columns, ())
        async for page in pages:
            yield _lines(page)

    # Said to be a text, which it is to who reads it: Litestar writes a stream into the contract as anything at all.
    return cast("Response[str]", Stream(chunks(), media_type=CSV, headers=_headers(name)))


def _headers(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}


def _lines(rows: Iterable[Sequence[Cell]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows([[_safe(cell) for cell in row] for row in rows])
    return file.getvalue()


def _safe(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell
