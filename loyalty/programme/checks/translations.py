"""Languages that some texts have and others lack."""

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.problems import Problems, warning

BY_LANGUAGE: Final = frozenset({"names", "texts", "descriptions", "receipts"})
"""Members whose keys are languages, wherever they stand."""
_MOST_LISTED: Final = 20


def check_translations(document: ProgrammeDocument) -> Problems:
    """One warning for each language that is there only in part, with the texts that lack it."""
    texts = list(_texts(document, "$"))
    for language in sorted({language for _, languages in texts for language in languages}):
        lacking = [path for path, languages in texts if language not in languages]
        if lacking and language != document.fallback_language:
            more = f" and {len(lacking) - _MOST_LISTED} more" if len(lacking) > _MOST_LISTED else ""
            yield warning(
                lacking[0],
                "half_translated",
                f"{language!r} is missing in {len(lacking)} of {len(texts)} texts: "
                f"{', '.join(lacking[:_MOST_LISTED])}{more}",
            )


def _texts(value: object, path: str) -> Iterator[tuple[str, frozenset[str]]]:
    if isinstance(value, Struct):
        for field in msgspec.structs.fields(value):
            member, where = getattr(value, field.name), f"{path}.{field.name}"
            if field.name in BY_LANGUAGE and isinstance(member, dict):
                if member:
                    yield where, frozenset(member)
            else:
                yield from _texts(member, where)
    elif isinstance(value, tuple):
        for place, item in enumerate(value):
            yield from _texts(item, f"{path}[{place}]")
