"""Reading CSV files (RFC 4180, UTF-8) as spreadsheets write them. Pure.

Commas separate; semicolons do where the first line has no comma, which is what spreadsheets write in countries with a
decimal comma. Lines count from 1; the one that names the columns is the first.
"""

import csv
import io
from collections.abc import Iterator

from msgspec import Struct


class LineProblem(Struct, frozen=True):
    """What is wrong with a line."""

    line: int
    field: str
    """A column; empty for the whole line."""
    message: str


class BrokenLineError(Exception):
    """Nothing behind this line can be read."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def text_of(content: bytes) -> str:
    """The file's text. Raises ``BrokenLineError`` at the first line that is not UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BrokenLineError(content.count(b"\n", 0, error.start) + 1, "is not UTF-8") from None


def rows_of(text: str, *, blank_too: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line on which it begins, its values without the spaces around them. Blank ones do not count.

    ``blank_too``: they do, in a file in which one is a mistake. Raises ``BrokenLineError``.
    """
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
            raise BrokenLineError(begins_on, "has a quote that is not closed, or a value that is too long") from None
        values = [cell.strip() for cell in row]
        if blank_too or any(values):
            yield begins_on, values
