"""The headers of requests and answers that no handler declares, since middleware and helpers read and write them."""

from typing import Any, Final

HEADERS: Final[dict[str, dict[str, Any]]] = {
    "X-Request-Id": {
        "description": "The request's name in our logs: the caller's own `X-Request-Id` when it is short and plain.",
        "schema": {"type": "string"},
        "example": "0f6a9c1e5b2d4c7f8a3e6d9b1c4f7a2e",
    },
    "ETag": {
        "description": "The version of what was answered, for `If-None-Match` or `If-Match`.",
        "schema": {"type": "string"},
        "example": '"8c1f0a3b5d7e9f2a4c6b8d0e1f3a5c7e"',
    },
    "Cache-Control": {
        "description": "Only the caller may keep the answer, and asks again with `If-None-Match`.",
        "schema": {"type": "string"},
        "example": "private, no-cache",
    },
    "Retry-After": {
        "description": "Seconds until another try may succeed.",
        "schema": {"type": "integer", "format": "int32", "minimum": 0},
        "example": 2,
    },
    "RateLimit": {
        "description": "The limit's name, what is left of it, and the seconds until it is whole again.",
        "schema": {"type": "string"},
        "example": '"lookups";r=119;t=42',
    },
    "RateLimit-Policy": {
        "description": "The limit's name, how many requests it allows, and in how many seconds.",
        "schema": {"type": "string"},
        "example": '"lookups";q=120;w=60',
    },
    "WWW-Authenticate": {
        "description": "What kind of credentials are needed.",
        "schema": {"type": "string"},
        "example": "Bearer",
    },
}

IF_NONE_MATCH: Final[dict[str, Any]] = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the answer that the caller has. It gets 304 and no body while that is still right.",
    "schema": {"type": "string"},
}


def header_references(*names: str) -> dict[str, Any]:
    """Response headers by reference, the request's name always among them."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", *names)}
