"""What is wrong with a programme document, and where."""

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

from msgspec import Struct

Severity: TypeAlias = Literal["error", "warning"]


class ProgrammeProblem(Struct, frozen=True):
    """One problem. ``path`` is a JSON path (``$.earn_rules[3].condition``), ``code`` is stable.

    ``line`` and ``column`` count from 1: places in the YAML text where there is one, else inside a condition; 0 where
    there is no place. An ``error`` keeps the document from being published, a ``warning`` does not.
    """

    path: str
    code: str
    message: str
    line: int = 0
    column: int = 0
    severity: Severity = "error"


Problems: TypeAlias = Iterator[ProgrammeProblem]


def warning(path: str, code: str, message: str) -> ProgrammeProblem:
    """A problem that does not keep the document from being published."""
    return ProgrammeProblem(path, code, message, severity="warning")


def errors_among(problems: Iterable[ProgrammeProblem]) -> list[ProgrammeProblem]:
    """Those that keep the document from being published."""
    return [problem for problem in problems if problem.severity == "error"]
