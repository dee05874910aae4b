"""The code that shows a redemption, and its public id.

A code is 55 random bits and two check characters, ``RWD_8K2M94QX7RT-5H``: at a million guesses a day, which the limits
of frequency are far below, one of a million codes would be met in about a hundred years.
"""

import secrets
from typing import Final

from kernel.errors import NotFoundError
from kernel.ids import InvalidPublicIdError, decode_public_id, encode_public_id
from loyalty.receipts import member_and_number

_CODE: Final = "rwd"
_ID: Final = "red"
_LEAST: Final = 32**10
_MOST: Final = 32**11
"""Between them every number has eleven characters."""


class RedemptionNotFoundError(NotFoundError):
    """No redemption answers to that, or none that this caller may see."""

    code = "redemption_not_found"
    title = "There is no such redemption."


def new_code() -> str:
    """A code that nobody can guess."""
    return _written(_LEAST + secrets.randbelow(_MOST - _LEAST))


def code_of(text: str) -> str:
    """``text`` in the form in which codes are kept. Raises ``RedemptionNotFoundError`` for what is none."""
    try:
        (number,) = decode_public_id(_CODE, text.strip().lower(), count=1)
    except InvalidPublicIdError:
        raise RedemptionNotFoundError from None
    return _written(number)


def redemption_id(member_id: int, redemption_no: int) -> str:
    """Public id of a redemption."""
    return encode_public_id(_ID, member_id, redemption_no)


def redemption_key(public_id: str) -> tuple[int, int]:
    """Member and number of a public id. Raises ``RedemptionNotFoundError``."""
    key = member_and_number(_ID, public_id)
    if key is None:
        raise RedemptionNotFoundError
    return key


def _written(number: int) -> str:
    return encode_public_id(_CODE, number).upper()
