"""Public ids: what a client sees instead of a database key.

A public id is a prefix that names its kind, the numbers of its key in Crockford's base 32, and two check
characters: ``pur_2k9-7-q4`` is purchase 7 of member 85,321. It carries the member, so that the row is found on the
member's shard without a search, and a mistyped one is refused without asking the database. It is an address, not
a secret: what a caller may see is decided by the caller's token.
"""

from typing import Final

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)} | {"o": 0, "i": 1, "l": 1}
_CHECK_MODULUS: Final = 1021
"""The largest prime below 32 * 32: any single wrong or swapped character changes the remainder."""
_MAX_ID_LENGTH: Final = 64
_MAX_NUMBER: Final = 2**63 - 1


class InvalidPublicIdError(ValueError):
    """Not an id of that kind, or one with a typing error."""


def encode_public_id(prefix: str, *numbers: int) -> str:
    """The public id of the key ``numbers`` (each >= 0) of the kind named by ``prefix``."""
    body = "-".join(_to_base32(number) for number in numbers)
    return f"{prefix}_{body}-{_check(prefix, numbers)}"


def decode_public_id(prefix: str, public_id: str, *, count: int) -> tuple[int, ...]:
    """The ``count`` numbers of the key. Letter case and the look-alikes o, i, l are forgiven.

    Raises ``InvalidPublicIdError`` for another kind, another shape or a wrong check.
    """
    kind, separator, body = public_id.partition("_")
    if len(public_id) > _MAX_ID_LENGTH or not separator or kind != prefix:
        raise InvalidPublicIdError(f"an id that starts with {prefix}_ is expected")
    *groups, check = body.lower().split("-")
    if len(groups) != count:
        raise InvalidPublicIdError("the id is incomplete")
    numbers = tuple(_from_base32(group) for group in groups)
    if _normal(check) != _check(prefix, numbers):
        raise InvalidPublicIdError("the id has a typing error")
    return numbers


def _to_base32(number: int) -> str:
    digits = ""
    while True:
        number, digit = divmod(number, 32)
        digits = _ALPHABET[digit] + digits
        if not number:
            return digits


def _from_base32(group: str) -> int:
    try:
        number = 0
        for character in group or "?":
            number = number * 32 + _VALUES[character]
    except KeyError:
        raise InvalidPublicIdError("the id has a character that no id has") from None
    if number > _MAX_NUMBER or (len(group) > 1 and _VALUES[group[0]] == 0):
        raise InvalidPublicIdError("the id is out of range")
    return number


def _check(prefix: str, numbers: tuple[int, ...]) -> str:
    remainder = 0
    for character in prefix:
        remainder = (remainder * 37 + ord(character)) % _CHECK_MODULUS
    for number in numbers:
        remainder = (remainder * 31 + number * 7 + 1) % _CHECK_MODULUS
    high, low = divmod(remainder, 32)
    return _ALPHABET[high] + _ALPHABET[low]


def _normal(check: str) -> str:
    return "".join(_ALPHABET[_VALUES[character]] if character in _VALUES else "?" for character in check)
