"""What a member is known by: phone, e-mail, card, external id. Normalised, checked, hashed."""

import hashlib
import hmac
import re
from typing import Final

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from msgspec import Struct

from kernel.errors import UnprocessableError

PHONE: Final = "phone"
EMAIL: Final = "email"
CARD: Final = "card"
EXTERNAL_PREFIX: Final = "external:"

_MAX_INPUT_LENGTH: Final = 320
_PHONE: Final = re.compile(r"[+0-9 ().-]{5,32}\Z", re.ASCII)
_CARD: Final = re.compile(r"[0-9A-Z]{4,32}\Z", re.ASCII)
_CARD_SEPARATORS: Final = re.compile(r"[ -]")
_SYSTEM: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,22}\Z", re.ASCII)
_EXTERNAL_ID: Final = re.compile(r"[\x21-\x7e]{1,128}\Z")


class InvalidIdentityError(UnprocessableError):
    """Not a phone, e-mail, card or external id as it must be written. The value itself is never repeated."""

    code = "invalid_identity"
    title = "That is not a valid identity of its kind."


class KnownBy(Struct, frozen=True):
    """One identity in its normal form. Two spellings of the same phone are the same ``KnownBy``."""

    kind: str
    """``phone``, ``email``, ``card`` or ``external:<system>``."""
    value: str


class LookupKey:
    """The installation's secret under which identities are hashed, so that a copied registry names nobody."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 32:
            raise ValueError("a lookup key has at least 32 bytes")
        self._key = key

    def __repr__(self) -> str:
        return "LookupKey(...)"

    def digest(self, kind: str, value: str) -> bytes:
        """HMAC-SHA-256 (RFC 2104) of ``value``; what is hashed as another ``kind`` never collides with it."""
        return hmac.digest(self._key, f"{kind}\0{value}".encode(), hashlib.sha256)

    def digest_of(self, known_by: KnownBy) -> bytes:
        """The key of ``known_by`` in the registry of identities."""
        return self.digest(known_by.kind, known_by.value)


def phone(text: str, *, region: str | None) -> KnownBy:
    """A telephone number in E.164. ``region`` (ISO 3166) is assumed where the text has no ``+``.

    Letters, extensions and digits of other scripts, which the library would read too, are refused.
    """
    if not _PHONE.match(text):
        raise InvalidIdentityError(kind=PHONE)
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise InvalidIdentityError(kind=PHONE) from None
    if not phonenumbers.is_valid_number(number):
        raise InvalidIdentityError(kind=PHONE)
    return KnownBy(PHONE, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def email(text: str) -> KnownBy:
    """An e-mail address in lower case with an ASCII-compatible or Unicode-normal domain. No DNS is asked.

    RFC 5321 lets a host tell upper from lower case; none in use does, and two members who differ by case alone
    are one person.
    """
    try:
        checked = validate_email(_bounded(text, EMAIL).strip(), check_deliverability=False)
    except EmailNotValidError:
        raise InvalidIdentityError(kind=EMAIL) from None
    return KnownBy(EMAIL, checked.normalized.lower())


def card(text: str) -> KnownBy:
    """A card number: 4 to 32 ASCII letters and digits. Spaces, hyphens and letter case do not count."""
    value = _CARD_SEPARATORS.sub("", _bounded(text, CARD)).upper()
    if not _CARD.match(value):
        raise InvalidIdentityError(kind=CARD)
    return KnownBy(CARD, value)


def external(system: str, text: str) -> KnownBy:
    """The id that another system (a web shop, a CRM) gave this person: up to 128 characters, as they are."""
    if not _SYSTEM.match(system) or not _EXTERNAL_ID.match(text):
        raise InvalidIdentityError(kind="external")
    return KnownBy(EXTERNAL_PREFIX + system, text)


def _bounded(text: str, kind: str) -> str:
    if len(text) > _MAX_INPUT_LENGTH:
        raise InvalidIdentityError(kind=kind)
    return text
