"""Texts for people: amounts of points with the right plural, and what a till prints and shows."""

from collections.abc import Mapping
from decimal import Decimal
from string import Formatter

from msgspec import Struct

from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.languages import best_language, is_language, money_text, number_text, plural_word
from loyalty.programme.wallets import Wallet

PLACEHOLDERS: Mapping[str, str] = {
    "earned": "points that the purchase earned, with their name",
    "pending": "of these, the points that are not available yet",
    "available_on": "the day on which they become available",
    "spent": "points that paid",
    "discount": "money that the points stood for",
    "balance": "balance after the purchase",
    "maximum": "the most points that this basket allows to spend",
    "maximum_discount": "money that these stand for",
    "tier": "name of the member's tier",
}


class TillTexts(Struct, frozen=True):
    """What a till prints on the receipt and asks the cashier to say."""

    language: str
    printed: tuple[str, ...]
    prompt: str


def points_text(wallet: Wallet, points: int, language: str, fallback_language: str) -> str:
    """An amount of a wallet's points with their name: ``1 point``, ``22 балла``."""
    chosen = best_language(language, frozenset(wallet.names), fallback_language)
    amount = Decimal(points).scaleb(-wallet.exponent)
    if amount == amount.to_integral_value():
        # "1.0" has another plural form than the "1" that is shown.
        amount = amount.to_integral_value()
    return f"{number_text(amount, chosen)} {plural_word(wallet.names[chosen], amount, chosen)}"


def amount_text(document: ProgrammeDocument, amount_minor: int, language: str) -> str:
    """An amount of the programme's currency; in the fallback language where ``language`` is unknown."""
    known = language if is_language(language) else document.fallback_language
    return money_text(amount_minor, document.currency, known)


def till_texts(document: ProgrammeDocument, language: str, values: Mapping[str, str]) -> TillTexts:
    """The texts of ``language``, or of the fallback language, with ``values`` in the place of the placeholders.

    A text that names a placeholder without a value is left out: nobody prints "you spent" when nothing was spent.
    """
    chosen = best_language(language, frozenset(document.receipts), document.fallback_language)
    texts = document.receipts.get(chosen)
    if texts is None:
        return TillTexts(chosen, (), "")
    printed = tuple(line.format_map(values) for line in texts.printed if placeholders_of(line) <= values.keys())
    prompt = texts.prompt.format_map(values) if placeholders_of(texts.prompt) <= values.keys() else ""
    return TillTexts(chosen, printed, prompt)


def placeholders_of(text: str) -> set[str]:
    """Names in braces. Raises ``ValueError`` for a lone brace and for anything but a plain name in braces."""
    names = set()
    for _, name, form, conversion in Formatter().parse(text):
        if name is not None:
            if form or conversion or not name.isidentifier():
                raise ValueError(f"{{{name}}} is more than a plain name")
            names.add(name)
    return names
