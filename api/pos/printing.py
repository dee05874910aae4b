"""What a till prints and shows, in the member's language."""

from collections.abc import Mapping
from typing import TypeAlias

from babel.dates import format_date

from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.languages import locale_of
from loyalty.programme.texts import TillTexts, amount_text, points_text, till_texts
from loyalty.purchases.outcome import Recorded
from loyalty.quoting import Quote

Values: TypeAlias = dict[str, str]


def quote_texts(quote: Quote) -> TillTexts:
    """What the cashier may say about a quote; nothing for a guest."""
    document = quote.programme.document
    if quote.account is None:
        return till_texts(document, "", {})
    language = quote.account.language
    wallet = document.primary_wallet
    values = _points(document, language, {"balance": quote.account.wallet(wallet).balance})
    if quote.evaluation is not None:
        values |= _points(document, language, {"earned": quote.evaluation.points_by_wallet.get(wallet, 0)})
    if quote.limits is not None and quote.limits.max_points:
        values |= _points(document, language, {"maximum": quote.limits.max_points})
        values["maximum_discount"] = amount_text(document, quote.limits.max_minor, language)
    return till_texts(document, language, values | _tier(document, quote.account.tier, language))


def receipt_texts(recorded: Recorded, document: ProgrammeDocument) -> TillTexts:
    """The lines of a recorded sale's receipt."""
    language, wallet = recorded.language, document.primary_wallet
    lots = [lot for lot in recorded.earned if lot.wallet == wallet]
    figures = {"earned": sum(lot.points for lot in lots)}
    figures["balance"] = next((state.balance for state in recorded.wallets if state.wallet == wallet), 0)
    pending = [lot for lot in lots if lot.pending]
    if pending:
        figures["pending"] = sum(lot.points for lot in pending)
    if recorded.points_spent:
        figures["spent"] = recorded.points_spent
    values = _points(document, language, figures)
    if pending:
        values["available_on"] = format_date(min(lot.available_from for lot in pending), locale=locale_of(language))
    if recorded.points_spent:
        values["discount"] = amount_text(document, recorded.points_spent_minor, language)
    return till_texts(document, language, values | _tier(document, recorded.tier, language))


def _points(document: ProgrammeDocument, language: str, figures: Mapping[str, int]) -> Values:
    wallet = next(each for each in document.wallets if each.code == document.primary_wallet)
    return {name: points_text(wallet, points, language, document.fallback_language) for name, points in figures.items()}


def _tier(document: ProgrammeDocument, code: str | None, language: str) -> Values:
    names = next((tier.names for tier in document.tiers if tier.code == code), None)
    return {"tier": names.get(language) or names[document.fallback_language]} if names else {}
