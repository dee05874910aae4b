"""Numbers and texts in range, whatever part of the document they stand in."""

import msgspec
from msgspec import Struct

from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.part import MAX_EXACT
from loyalty.programme.problems import Problems, ProgrammeProblem

MAX_TEXT_CHARACTERS = 2_000
MAX_ITEMS = 10_000
SIGNED = frozenset({"priority"})


def check_ranges(document: ProgrammeDocument) -> Problems:
    """Integers from 0 (some may be negative) to 2^53 - 1, texts and lists of bounded length."""
    yield from _check(document, "$", signed=False)


def _check(value: object, path: str, *, signed: bool) -> Problems:
    if isinstance(value, Struct):
        for field in msgspec.structs.fields(value):
            yield from _check(getattr(value, field.name), f"{path}.{field.name}", signed=field.name in SIGNED)
    elif isinstance(value, tuple | dict):
        if len(value) > MAX_ITEMS:
            yield ProgrammeProblem(path, "too_many", f"has {len(value)} items, more than {MAX_ITEMS}")
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _check(item, f"{path}.{key}" if isinstance(key, str) else f"{path}[{key}]", signed=False)
    elif isinstance(value, str):
        if len(value) > MAX_TEXT_CHARACTERS:
            yield ProgrammeProblem(path, "text_too_long", f"is longer than {MAX_TEXT_CHARACTERS} characters")
    elif isinstance(value, int) and not isinstance(value, bool):
        smallest = -MAX_EXACT if signed else 0
        if not smallest <= value <= MAX_EXACT:
            yield ProgrammeProblem(path, "out_of_range", f"is {value}; from {smallest} to {MAX_EXACT}")
