"""The refusals that all operations share, as components: one for each status."""

from collections.abc import Container
from typing import Any, Final

from api.documented import DESCRIPTIONS
from api.openapi_document.headers import header_references
from api.problems import PROBLEM_MEDIA_TYPE, problem

_NAMES: Final = {
    400: "Malformed",
    401: "NotAuthenticated",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    412: "Stale",
    413: "TooLarge",
    415: "UnsupportedMediaType",
    422: "Unprocessable",
    429: "TooMany",
    503: "Unavailable",
}
_HEADERS: Final = {
    401: ("WWW-Authenticate",),
    429: ("Retry-After", "RateLimit", "RateLimit-Policy"),
    503: ("Retry-After",),
}
_EXAMPLES: Final = {
    400: problem(
        400,
        "malformed_request",
        "The request does not fit its schema.",
        {"errors": [{"at": "total_minor", "problem": "Expected `int`, got `str`"}]},
    ),
    401: problem(401, "not_authenticated", "A valid token for this part of the API is needed."),
    403: problem(403, "permission_missing", "Your roles do not allow this.", {"permission": "points:adjust"}),
    404: problem(404, "not_found", "There is no such thing here."),
    409: problem(409, "busy", "Another request holds what this one needs. Nothing was done; try again."),
    412: problem(412, "stale", "This has changed since you read it.", {"revision": 8}),
    413: problem(413, "body_too_large", "Request Entity Too Large"),
    415: problem(415, "unsupported_media_type", "The body is text/csv."),
    422: problem(
        422,
        "idempotency_key_reused",
        "This idempotency key was used with another body.",
        {"differences": ["/total_minor"]},
    ),
    429: problem(
        429,
        "rate_limited",
        "Too many requests of this kind. Slow down.",
        {"retry_after_s": 42, "limit": "lookups", "most": 120, "window_s": 60},
    ),
    503: problem(
        503,
        "unavailable",
        "The database cannot be reached. Try again under the same key: what was done is not done twice.",
    ),
}


def refusal_reference(status: int) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{_NAMES[status]}"}


def refusal_components(statuses: Container[int]) -> dict[str, Any]:
    """The refusals of these statuses by name."""
    return {
        name: {
            "description": DESCRIPTIONS[status],
            "headers": header_references(*_HEADERS.get(status, ())),
            "content": {
                PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": _EXAMPLES[status]}
            },
        }
        for status, name in _NAMES.items()
        if status in statuses
    }
