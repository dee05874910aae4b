"""Codes and texts by language."""

import re
from collections.abc import Iterable, Mapping

from loyalty.programme.languages import is_language
from loyalty.programme.problems import Problems, ProgrammeProblem

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def check_codes(codes: Iterable[str], path: str, *, taken: Iterable[str] = ()) -> Problems:
    """Codes of the items of the list at ``path``: well formed, each once, and none that is ``taken`` elsewhere."""
    seen = set(taken)
    for place, code in enumerate(codes):
        where = f"{path}[{place}].code"
        yield from check_code(code, where)
        if code in seen:
            yield ProgrammeProblem(where, "duplicate_code", f"{code!r} is used before")
        seen.add(code)


def check_code(code: str, path: str) -> Problems:
    """A well-formed code."""
    if not _CODE.fullmatch(code):
        yield ProgrammeProblem(path, "bad_code", "is not 1 to 64 letters, digits, '_', '.' and '-'")


def check_languages(by_language: Mapping[str, object], path: str, fallback_language: str) -> Problems:
    """Texts at ``path``: in known languages, the fallback language among them."""
    for language in by_language:
        if not is_language(language):
            yield ProgrammeProblem(f"{path}.{language}", "unknown_language", f"{language!r} is no known language tag")
    if fallback_language not in by_language:
        yield ProgrammeProblem(path, "no_fallback_text", f"has no text in the fallback language {fallback_language!r}")


def check_names(names: Mapping[str, str], path: str, fallback_language: str) -> Problems:
    """Names by language, none empty."""
    yield from check_languages(names, path, fallback_language)
    for language, name in names.items():
        if not name.strip():
            yield ProgrammeProblem(f"{path}.{language}", "empty_text", "is empty")


def check_known(name: str, known: Iterable[str], path: str, code: str) -> Problems:
    """``name`` is one of ``known``; else a problem ``code`` that lists them."""
    choices = tuple(known)
    if name not in choices:
        yield ProgrammeProblem(path, code, f"{name!r} is none of: {', '.join(choices) or 'none is declared'}")
