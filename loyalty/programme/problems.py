"""What is wrong with a programme document, and where."""

from collections.abc import Iterator
from typing import TypeAlias

from msgspec import Struct


class ProgrammeProblem(Struct, frozen=True):
    """One problem. ``path`` is a JSON path (``$.earn_rules[3].condition``), ``code`` is stable.

    ``line`` and ``column`` are places inside a condition, from 1; 0 elsewhere.
    """

    path: str
    code: str
    message: str
    line: int = 0
    column: int = 0


Problems: TypeAlias = Iterator[ProgrammeProblem]
