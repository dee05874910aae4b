"""Path and query parameters that several routes share. None lets a control character through to the database."""

from datetime import MAXYEAR, UTC, datetime
from typing import Annotated, TypeAlias

from litestar.exceptions import ClientException
from litestar.params import PathParameter, QueryParameter

_CODE = "^[A-Za-z0-9][A-Za-z0-9._-]*$(?!\\n)"
_TEXT = "^[^\\u0000-\\u001f\\u007f]*$(?!\\n)"

CodeInPath: TypeAlias = Annotated[str, PathParameter(min_length=1, max_length=63, pattern=_CODE)]
MemberInPath: TypeAlias = Annotated[str, PathParameter(description="Public id of a member: `mem_...`")]
CodeInQuery: TypeAlias = Annotated[
    str | None, QueryParameter(min_length=1, max_length=63, pattern=_CODE, required=False)
]
TextInQuery: TypeAlias = Annotated[
    str | None, QueryParameter(min_length=1, max_length=160, pattern=_TEXT, required=False)
]
InstantInQuery: TypeAlias = Annotated[
    datetime | None, QueryParameter(required=False, description="An instant with its offset (RFC 3339).")
]
FromInQuery: TypeAlias = Annotated[
    datetime | None, QueryParameter(name="from", required=False, description="Not before this instant (RFC 3339).")
]


def as_utc(instant: datetime | None, name: str) -> datetime | None:
    """The instant in UTC. Answers 400 to one without an offset, or too far away to be one.

    The first and the last year are too far: they have instants that no other zone can tell, and two that the database
    keeps as infinities.
    """
    if instant is None:
        return None
    try:
        if instant.tzinfo is not None and 1 < (utc := instant.astimezone(UTC)).year < MAXYEAR:
            return utc
    except OverflowError:
        pass
    raise ClientException(f"{name} is not an instant with an offset such as 2026-03-01T09:00:00Z.")
