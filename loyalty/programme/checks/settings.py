"""The document's head, the till's times, and the printed texts."""

import re

from loyalty.programme.checks.names import check_languages
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.languages import is_language
from loyalty.programme.problems import Problems, ProgrammeProblem
from loyalty.programme.texts import PLACEHOLDERS, placeholders_of

_CURRENCY = re.compile(r"[A-Z]{3}")
_ALL_PERCENT = 100
_REASON = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_POSITIVE_TIMES = ("quote_valid_seconds", "hold_timeout_seconds", "clock_tolerance_seconds", "offline_days")


def check_settings(document: ProgrammeDocument) -> Problems:
    """Name, currency, languages, times and texts."""
    if not document.name.strip():
        yield ProgrammeProblem("$.name", "empty_text", "is empty")
    if not _CURRENCY.fullmatch(document.currency):
        yield ProgrammeProblem("$.currency", "bad_currency", f"{document.currency!r} is no ISO 4217 code")
    if not is_language(document.fallback_language):
        yield ProgrammeProblem("$.fallback_language", "unknown_language", "is no known language tag")
    for name in _POSITIVE_TIMES:
        if getattr(document.till, name) < 1:
            yield ProgrammeProblem(f"$.till.{name}", "out_of_range", "is below 1")
    yield from _check_review(document)
    yield from _check_receipts(document)


def _check_review(document: ProgrammeDocument) -> Problems:
    for name in ("cashier_share_percent", "refund_share_percent"):
        if getattr(document.review, name) > _ALL_PERCENT:
            yield ProgrammeProblem(f"$.review.{name}", "out_of_range", f"is above {_ALL_PERCENT}")
    for place, reason in enumerate(document.goodwill.reasons):
        if not _REASON.fullmatch(reason):
            yield ProgrammeProblem(f"$.goodwill.reasons[{place}]", "bad_code", f"{reason!r} is no reason code")


def _check_receipts(document: ProgrammeDocument) -> Problems:
    if not document.receipts:
        return
    yield from check_languages(document.receipts, "$.receipts", document.fallback_language)
    for language, texts in document.receipts.items():
        places = [(f"printed[{place}]", text) for place, text in enumerate(texts.printed)]
        for place, text in [*places, ("prompt", texts.prompt)]:
            path = f"$.receipts.{language}.{place}"
            try:
                names = placeholders_of(text)
            except ValueError as broken:
                yield ProgrammeProblem(path, "bad_placeholder", str(broken))
                continue
            for name in sorted(names - PLACEHOLDERS.keys()):
                yield ProgrammeProblem(path, "unknown_placeholder", f"{{{name}}} is none of {', '.join(PLACEHOLDERS)}")
