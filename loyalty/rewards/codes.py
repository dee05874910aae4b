"""The code that shows a redemption, the code that claims one as a present, and its public id.

A code is 55 random bits and two check characters, ``RWD_8K2M94QX7RT-5H``: at a million guesses a day, which the limits
of frequency are far below, one of a million codes would be met in about a hundred years.
"""

import re
import secrets
from typing import Final

from kernel.errors import NotFoundError
from kernel.ids import InvalidPublicIdError, decode_public_id, encode_public_id
from loyalty.receipts import member_and_number

_CODE: Final = "rwd"
_PRESENT: Final = "gft"
_ID: Final = "red"
_BROUGHT: Final = re.compile(r"[\x21-\x7e]{1,64}\Z")
_LEAST: Final = 32**10
_MOST: Final = 32**11
"""Between them every number has eleven characters."""


class RedemptionNotFoundError(NotFoundError):
    """No redemption answers to that, or none that this caller may see."""

    code = "redemption_not_found"
    title = "There is no such redemption."


class PresentNotFoundError(NotFoundError):
    """No code like that, or it has been taken back."""

    code = "present_not_found"
    title = "There is no such present."


def new_code() -> str:
    """A code that nobody can guess."""
    return _written(_CODE, _random())


def new_present_code() -> str:
    """The same for a present: it cannot be mistaken for what a till scans."""
    return _written(_PRESENT, _random())


def code_of(text: str) -> str:
    """``text`` in the form in which codes are kept: one of ours, or one that another system gave and that moved in.

    Raises ``RedemptionNotFoundError`` for what is neither.
    """
    try:
        return _read(_CODE, text)
    except InvalidPublicIdError:
        return brought_code(text)


def brought_code(text: str) -> str:
    """A code of another system, in the form in which it is kept. Raises ``RedemptionNotFoundError``."""
    code = text.strip().upper()
    if not _BROUGHT.match(code):
        raise RedemptionNotFoundError("This is no code.")
    return code


def present_code_of(text: str) -> str:
    """The same of a present. Raises ``PresentNotFoundError``."""
    try:
        return _read(_PRESENT, text)
    except InvalidPublicIdError:
        raise PresentNotFoundError from None


def redemption_id(member_id: int, redemption_no: int) -> str:
    """Public id of a redemption."""
    return encode_public_id(_ID, member_id, redemption_no)


def redemption_key(public_id: str) -> tuple[int, int]:
    """Member and number of a public id. Raises ``RedemptionNotFoundError``."""
    key = member_and_number(_ID, public_id)
    if key is None:
        raise RedemptionNotFoundError
    return key


def _random() -> int:
    return _LEAST + secrets.randbelow(_MOST - _LEAST)


def _read(prefix: str, text: str) -> str:
    (number,) = decode_public_id(prefix, text.strip().lower(), count=1)
    return _written(prefix, number)


def _written(prefix: str, number: int) -> str:
    return encode_public_id(prefix, number).upper()
