"""The rotating code of a member: shown by the phone without a network, read by a till, checked here.

The phone and the server share a secret and count 30-second steps (TOTP, RFC 6238, SHA-1, 8 digits). Two pictures
carry the same facts:

- a QR code with the text ``CB1.<member>.<code>``, ``<member>`` being the public id without its prefix. Written in
  capitals it fits QR's compact alphanumeric mode;
- a one-dimensional code of digits for laser scanners, ``<member number><code><check>`` with a Luhn check digit
  (ISO/IEC 7812-1, annex B). Its length is even, which is what Code 128 C and Interleaved 2 of 5 pack best.
"""

import re
from base64 import b32encode
from datetime import datetime
from secrets import token_bytes
from typing import Final

import pyotp
from msgspec import Struct

from kernel.errors import UnprocessableError
from loyalty.members.ids import PREFIX, MemberNotFoundError, member_id_of, member_public_id

STEP_SECONDS: Final = 30
DIGITS: Final = 8
DRIFT_STEPS: Final = 1
"""A code of the step before or after is accepted: phones' clocks are not exact and scanning takes time."""
TEXT_PREFIX: Final = "CB1"

_TEXT: Final = re.compile(r"CB1\.([0-9a-z]{1,13}-[0-9a-z]{2})\.([0-9]{8})\Z", re.ASCII | re.IGNORECASE)
_BARCODE: Final = re.compile(r"([0-9]{9,17})([0-9]{8})([0-9])\Z", re.ASCII)
_SHORTEST_MEMBER_NUMBER: Final = 9


class QrNotAcceptedError(UnprocessableError):
    """Unreadable, of nobody, or not of this minute: from outside these are one, so that nobody can be probed for."""

    code = "qr_not_accepted"
    title = "The code was not accepted. Ask the customer to show a fresh one."


class ScannedCode(Struct, frozen=True):
    """What a scan says, before it has been checked."""

    member_id: int
    totp: str


def new_qr_secret() -> str:
    """160 random bits in base 32, the length RFC 4226 recommends."""
    return b32encode(token_bytes(20)).decode()


def qr_text(member_id: int, secret: str, *, at: datetime) -> str:
    """The text of the QR code that the phone shows at the instant ``at``."""
    member = member_public_id(member_id).removeprefix(f"{PREFIX}_")
    return f"{TEXT_PREFIX}.{member}.{_totp(secret).at(at)}".upper()


def barcode_digits(member_id: int, secret: str, *, at: datetime) -> str:
    """The digits of the one-dimensional code that the phone shows at ``at``."""
    number = str(member_id).zfill(_SHORTEST_MEMBER_NUMBER)
    body = (number if len(number) % 2 else f"0{number}") + _totp(secret).at(at)
    return body + _luhn_digit(body)


def read_qr_text(text: str) -> ScannedCode:
    """Raises ``QrNotAcceptedError`` for anything but a well-formed code."""
    match = _TEXT.match(text)
    if match is None:
        raise QrNotAcceptedError
    try:
        member_id = member_id_of(f"{PREFIX}_{match[1].lower()}")
    except MemberNotFoundError:
        raise QrNotAcceptedError from None
    return ScannedCode(member_id, match[2])


def read_barcode(digits: str) -> ScannedCode:
    """Raises ``QrNotAcceptedError`` for another length, other characters or a wrong check digit."""
    match = _BARCODE.match(digits)
    if match is None or _luhn_digit(digits[:-1]) != match[3]:
        raise QrNotAcceptedError
    return ScannedCode(int(match[1]), match[2])


def matching_step(secret: str, totp: str, *, at: datetime) -> int | None:
    """The step, counted from 1970, whose code ``totp`` is; None when no step around ``at`` has it."""
    current = int(at.timestamp()) // STEP_SECONDS
    generator = _totp(secret)
    matching = [
        step
        for step in range(max(0, current - DRIFT_STEPS), current + DRIFT_STEPS + 1)
        if pyotp.utils.strings_equal(generator.generate_otp(step), totp)
    ]
    return matching[0] if matching else None


def _totp(secret: str) -> pyotp.TOTP:
    return pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS)


def _luhn_digit(body: str) -> str:
    total = 0
    for position, character in enumerate(reversed(body)):
        doubled = int(character) * (2 if position % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)
