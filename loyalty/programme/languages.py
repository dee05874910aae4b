"""Languages: which tags are known, and which plural forms each needs (Unicode CLDR, through Babel)."""

from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, format_decimal, get_currency_precision


@lru_cache(maxsize=256)
def locale_of(language: str) -> Locale:
    """The locale of a BCP 47 tag such as ``ru`` or ``en-GB``. Raises ``ValueError`` for an unknown one."""
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, TypeError) as unknown:
        raise ValueError(f"unknown language {language!r}") from unknown


def is_language(language: str) -> bool:
    """Whether ``language`` is a known tag."""
    try:
        locale_of(language)
    except ValueError:
        return False
    return True


def plural_categories(language: str) -> frozenset[str]:
    """The CLDR plural categories of a language: ``one``, ``few``, ``many``, ``other`` for Russian."""
    return frozenset({*locale_of(language).plural_form.tags, "other"})


def best_language(asked: str, offered: frozenset[str], fallback: str) -> str:
    """The offered language for ``asked``: the same tag, else the same without its region, else ``fallback``."""
    if asked in offered:
        return asked
    base = asked.partition("-")[0]
    return base if base in offered else fallback


def plural_word(words: dict[str, str], amount: Decimal, language: str) -> str:
    """The form of a word that goes with ``amount``."""
    category = locale_of(language).plural_form(amount)
    return words.get(category, words.get("other", ""))


@lru_cache(maxsize=4_096)
def number_text(amount: Decimal, language: str) -> str:
    """``amount`` as people of ``language`` write it."""
    return str(format_decimal(amount, locale=locale_of(language)))


@lru_cache(maxsize=4_096)
def money_text(amount_minor: int, currency: str, language: str) -> str:
    """An amount of money as people of ``language`` write it; CLDR knows how many decimals the currency has."""
    amount = Decimal(amount_minor).scaleb(-get_currency_precision(currency))
    return str(format_currency(amount, currency, locale=locale_of(language)))
