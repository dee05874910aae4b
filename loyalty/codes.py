"""Ids that the business chooses itself: of stores, terminals, cashiers and staff."""

import re
from typing import Final

from kernel.errors import UnprocessableError

_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z", re.ASCII)


class InvalidCodeError(UnprocessableError):
    """``field`` is not an id: it goes into keys and logs and must survive both."""

    code = "invalid_id"
    title = (
        "An id has 1 to 63 ASCII letters, digits, dots, hyphens or underscores and starts with one of the first two."
    )


def checked_code(value: str, field: str) -> str:
    """``value`` as it is, or ``InvalidCodeError`` naming ``field``."""
    if not _CODE.match(value):
        raise InvalidCodeError(field=field)
    return value
