"""Wallets: at least one, named in all plural forms."""

from loyalty.programme.checks.names import check_codes, check_known, check_languages
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.languages import is_language, plural_categories
from loyalty.programme.problems import Problems, ProgrammeProblem
from loyalty.programme.wallets import Wallet

MAX_EXPONENT = 6


def check_wallets(document: ProgrammeDocument) -> Problems:
    """Every wallet, and the primary one."""
    codes = [wallet.code for wallet in document.wallets]
    yield from check_codes(codes, "$.wallets")
    yield from check_known(document.primary_wallet, codes, "$.primary_wallet", "unknown_wallet")
    for place, wallet in enumerate(document.wallets):
        yield from _check_wallet(wallet, f"$.wallets[{place}]", document.fallback_language)


def _check_wallet(wallet: Wallet, path: str, fallback_language: str) -> Problems:
    if wallet.exponent > MAX_EXPONENT:
        yield ProgrammeProblem(f"{path}.exponent", "out_of_range", f"is above {MAX_EXPONENT}")
    restore = wallet.expired_restore
    if (restore.kind == "grace") != (restore.grace_days > 0):
        yield ProgrammeProblem(
            f"{path}.expired_restore.grace_days", "bad_grace", "is above 0 for the kind 'grace', and only for it"
        )
    yield from check_languages(wallet.names, f"{path}.names", fallback_language)
    for language, words in wallet.names.items():
        if is_language(language):
            needed = plural_categories(language)
            for category in sorted(needed - words.keys()):
                yield ProgrammeProblem(
                    f"{path}.names.{language}", "missing_plural_form", f"lacks the plural form {category!r}"
                )
            for category in sorted(words.keys() - needed):
                yield ProgrammeProblem(
                    f"{path}.names.{language}.{category}", "unknown_plural_form", f"{language} has no such form"
                )
