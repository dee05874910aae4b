"""Conditional reads, where an unchanged answer costs a header and no body, and writes that overwrite nobody's."""

import hashlib
from typing import Annotated, Any, TypeVar, cast

import msgspec
from litestar import MediaType, Request, Response
from litestar.params import HeaderParameter

from kernel.errors import StaleError

T = TypeVar("T")

IfMatch = Annotated[
    str,
    HeaderParameter(
        name="If-Match", min_length=1, max_length=255, description="The ETag with which it was read; 412 if it changed."
    ),
]
OptionalIfMatch = Annotated[
    str | None,
    HeaderParameter(
        name="If-Match",
        min_length=1,
        max_length=255,
        required=False,
        description="The ETag with which it was read; 412 if it changed. Leave it out to make it.",
    ),
]


def conditional(request: Request[Any, Any, Any], body: T, *, revision: int | None = None) -> Response[T]:
    """``body`` as JSON with a strong ETag, or 304 when ``If-None-Match`` names it.

    The ETag is the ``revision`` of what is changed with ``If-Match``, else a digest of the bytes. For what belongs to
    one caller: caches in between keep nothing.
    """
    content = msgspec.json.encode(body)
    etag = _digest(content) if revision is None else etag_of(revision)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if _names(request.headers.get("if-none-match", ""), etag):
        return Response(cast(T, None), status_code=304, headers=headers)
    return Response(cast(T, content), media_type=MediaType.JSON, headers=headers)


def etag_of(revision: int) -> str:
    """The ETag of something that counts its revisions."""
    return f'"{revision}"'


def etag_of_body(body: object) -> str:
    """The ETag that ``conditional`` gives to something that counts no revisions."""
    return _digest(msgspec.json.encode(body))


def require_match(if_match: str, revision: int) -> None:
    """Return when ``If-Match`` (RFC 9110, 13.1.1) names ``revision``. Raises ``StaleError``; weak ETags never match."""
    if not _matches(if_match, etag_of(revision)):
        raise StaleError(None, revision=revision)


def require_unchanged(if_match: str, body: object) -> None:
    """The same for what the caller would read now, locked until it has been written."""
    if not _matches(if_match, etag_of_body(body)):
        raise StaleError


def _matches(if_match: str, etag: str) -> bool:
    candidates = [candidate.strip() for candidate in if_match.split(",")]
    return etag in candidates or candidates == ["*"]


def _digest(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _names(if_none_match: str, etag: str) -> bool:
    candidates = [candidate.strip().removeprefix("W/") for candidate in if_none_match.split(",")]
    return etag in candidates or candidates == ["*"]
