"""Conditional reads: an unchanged answer costs a phone a header and no body."""

import hashlib
from typing import Any, TypeVar, cast

import msgspec
from litestar import MediaType, Request, Response

T = TypeVar("T")


def conditional(request: Request[Any, Any, Any], body: T) -> Response[T]:
    """``body`` as JSON with a strong ETag of its bytes, or 304 when ``If-None-Match`` names it.

    For what belongs to one caller: caches in between keep nothing.
    """
    content = msgspec.json.encode(body)
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if _names(request.headers.get("if-none-match", ""), etag):
        return Response(cast(T, None), status_code=304, headers=headers)
    return Response(cast(T, content), media_type=MediaType.JSON, headers=headers)


def _names(if_none_match: str, etag: str) -> bool:
    candidates = [candidate.strip().removeprefix("W/") for candidate in if_none_match.split(",")]
    return etag in candidates or candidates == ["*"]
