"""What can be told of a sale without asking the database: that its own numbers agree. Pure."""

from datetime import UTC, datetime
from typing import Final

from kernel.errors import UnprocessableError
from loyalty.purchases.sale import MAX_EXACT, ReceiptRef, Sale

_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""A till whose battery is flat may believe that it is here; before it, no clock runs."""
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)


_ROUNDING_MINOR: Final = 100
"""Tills round cash to the smallest coin: 5 rappen, a whole rouble, 10 yen. A discount is told as a discount."""
_ROUNDING_PART: Final = 20
"""Where the smallest coin is worth hundreds of minor units (5 forints, 100 rupiahs, 50 pesos), prices are high too: a
twentieth of the price is the bound there, so that no list of currencies has to be kept."""


class SaleInconsistentError(UnprocessableError):
    """The sale contradicts itself; sending it again will not help. ``at`` names the member."""

    code = "sale_inconsistent"
    title = "The numbers of this sale do not agree."


class CurrencyRefusedError(UnprocessableError):
    """Stores sell in one currency each."""

    code = "currency_refused"
    title = "This store sells in another currency."


class InstantImpossibleError(UnprocessableError):
    """No till's clock shows that. ``at`` names the member."""

    code = "instant_impossible"
    title = "An instant lies outside of the years 1970 to 2199."


def check_instants(**instants: datetime | None) -> None:
    """Raise ``InstantImpossibleError`` for the first that no clock of ours can be corrected to."""
    for name, instant in instants.items():
        if instant is not None and not _EARLIEST <= instant < _LATEST:
            raise InstantImpossibleError(None, at=name)


def check_sale(sale: Sale, *, store_currency: str) -> None:
    """Raise what is wrong with the sale, the first thing found."""
    check_basket(sale, store_currency=store_currency)
    check_named(sale.receipt, at="receipt")


def check_named(receipt: ReceiptRef, *, at: str) -> None:
    """Raise ``SaleInconsistentError`` for a number alone, which begins anew every day: it names no receipt.

    A refund of it would wait for ever, a void of it block nothing, and the next day's be taken for the same.
    """
    if receipt.fiscal_id is None and not (receipt.business_date or receipt.shift):
        raise SaleInconsistentError(
            "A receipt is named by its fiscal_id, or by its number within a business_date or shift.", at=at
        )


def check_basket(sale: Sale, *, store_currency: str) -> None:
    """The same for a basket that has no receipt yet."""
    if sale.currency != store_currency:
        raise CurrencyRefusedError(None, currency=sale.currency, store_currency=store_currency)
    _check_lines(sale)
    _check_totals(sale)


def _check_lines(sale: Sale) -> None:
    seen: set[str] = set()
    for position, line in enumerate(sale.lines):
        at = f"lines[{position}]"
        if line.id in seen:
            raise SaleInconsistentError("Two lines have the same id.", at=f"{at}.id", line_id=line.id)
        seen.add(line.id)
        if line.discount_minor > line.amount_minor:
            raise SaleInconsistentError("A line's discount is above its price.", at=f"{at}.discount_minor")
        if line.tax_minor > line.amount_minor - line.discount_minor:
            raise SaleInconsistentError("A line's tax is above what it costs.", at=f"{at}.tax_minor")


def _check_totals(sale: Sale) -> None:
    lines_minor = sum(line.amount_minor - line.discount_minor for line in sale.lines)
    if sale.discount_minor > lines_minor:
        raise SaleInconsistentError("The order's discount is above its lines.", at="discount_minor")
    price_minor = lines_minor - sale.discount_minor
    at_most = max(_ROUNDING_MINOR, price_minor // _ROUNDING_PART)
    if abs(sale.rounding_minor) > at_most:
        raise SaleInconsistentError("This is more than a rounding.", at="rounding_minor", at_most=at_most)
    expected = price_minor + sale.rounding_minor
    if not 0 <= expected <= MAX_EXACT or expected != sale.total_minor:
        raise SaleInconsistentError(
            "total_minor is not lines - discounts + rounding.", at="total_minor", expected=expected
        )
