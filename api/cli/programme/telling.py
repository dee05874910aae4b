"""How answers are printed: tables for people, JSON for programs."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from loyalty.programme.problems import ProgrammeProblem

_STYLES = {"error": "red", "warning": "yellow"}


def print_json(value: object) -> None:
    """One line of JSON on standard output."""
    print(msgspec.json.encode(value).decode())


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
    """A table on standard output."""
    table = Table(*columns)
    for row in rows:
        table.add_row(*row)
    Console(soft_wrap=False).print(table)


def print_problems(problems: "Sequence[ProgrammeProblem]") -> None:
    """The problems as a table; nothing where there are none."""
    if problems:
        print_table(
            ("line:column", "", "where", "what"),
            [
                (
                    f"{each.line}:{each.column}",
                    Text(each.severity, style=_STYLES[each.severity]),
                    Text(each.path),
                    Text(f"{each.message} ({each.code})"),
                )
                for each in problems
            ],
        )
