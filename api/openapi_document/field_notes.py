"""What the source says of a Struct's fields: the text that stands under each."""

import ast
import inspect
import re
import textwrap
from typing import Final

from msgspec import Struct

_CODE: Final = re.compile(r"``(.+?)``", re.DOTALL)


def field_notes(struct: type[Struct]) -> dict[str, str]:
    """The notes by field name, inherited ones too."""
    notes: dict[str, str] = {}
    for base in reversed(struct.__mro__):
        if issubclass(base, Struct) and base is not Struct:
            notes |= _own_notes(base)
    return notes


def as_markdown(text: str) -> str:
    """One paragraph, with code set as Markdown does."""
    return " ".join(_CODE.sub(r"`\1`", text).split())


def _own_notes(struct: type[Struct]) -> dict[str, str]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(struct))).body
    assert isinstance(definition, ast.ClassDef)
    notes = {}
    for field, following in zip(definition.body, definition.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
            and isinstance(following.value.value, str)
        ):
            notes[field.target.id] = as_markdown(following.value.value)
    return notes
