"""Walking through a list page by page: an opaque cursor says after which row the next page begins.

Rows are in the order of one unique column, so that a walk meets every row that was there when it began exactly once,
whatever is added meanwhile. A list reads one row more than it shows: whether there is a next page costs no count.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, TypeAlias, TypeVar

import msgspec
from litestar.exceptions import ClientException
from litestar.params import QueryParameter
from msgspec import Meta

MOST_PER_PAGE: Final = 200
DEFAULT_PER_PAGE: Final = 50

PageCursor: TypeAlias = Annotated[
    str | None, QueryParameter(max_length=1_024, required=False, description="`next` of the page before this one.")
]
PageLimit: TypeAlias = Annotated[
    int, QueryParameter(ge=1, le=MOST_PER_PAGE, description="The most rows that the page may have.")
]

Row = TypeVar("Row")

_TEXT: Final = msgspec.json.Decoder(Annotated[str, Meta(max_length=320, pattern="^[^\\u0000-\\u001f]*$(?!\\n)")])
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER: Final = msgspec.json.Decoder(Annotated[int, Meta(ge=0, le=2**63 - 1)])


def cut(rows: Sequence[Row], limit: int, position: Callable[[Row], str | int]) -> tuple[Sequence[Row], str | None]:
    """The page of at most ``limit`` rows, and the cursor of the next one; None when this is the last.

    ``rows`` are at most ``limit + 1``; ``position`` is what the list is ordered by.
    """
    if len(rows) <= limit:
        return rows, None
    page = rows[:limit]
    return page, _cursor(position(page[-1]))


def number_cursor(position: int) -> str:
    """The cursor of the page behind ``position``, for a list that does not read one row more than it shows."""
    return _cursor(position)


def text_position(cursor: str | None) -> str | None:
    """Where a page of a list that is ordered by text begins; None for the first. Answers 400 to what is no cursor."""
    return None if cursor is None else _position(_TEXT, cursor)


def number_position(cursor: str | None) -> int | None:
    """The same for a list that is ordered by a number."""
    return None if cursor is None else _position(_NUMBER, cursor)


def _cursor(position: str | int) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


_Position = TypeVar("_Position", str, int)


def _position(decoder: msgspec.json.Decoder[_Position], cursor: str) -> _Position:
    try:
        return decoder.decode(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise ClientException("The cursor is not one that this list gave.") from None


def dated_text(instant: datetime, member_id: int, number: int) -> str:
    """A place in a list that is ordered by instants, for ``cut``: the instant, and a member's number that decides."""
    return f"{(instant - _EPOCH) // timedelta(microseconds=1)} {member_id} {number}"


def dated_position(cursor: str | None) -> tuple[datetime, int, int] | None:
    """Where a page of such a list begins; None for the first. Answers 400 to what is no cursor."""
    text = text_position(cursor)
    if text is None:
        return None
    try:
        microseconds, member_id, number = (int(part) for part in text.split(" "))
        instant = _EPOCH + timedelta(microseconds=microseconds)
    except (ValueError, OverflowError):
        raise ClientException("The cursor is not one that this list gave.") from None
    if not 0 <= max(member_id, number) < 2**63 or min(member_id, number) < 0:
        raise ClientException("The cursor is not one that this list gave.")
    return instant, member_id, number
