"""How refusals are written into the OpenAPI document."""

from typing import Any, Final

from litestar.openapi.datastructures import ResponseSpec
from msgspec import Struct

DESCRIPTIONS: Final = {
    400: "The request does not fit its schema.",
    401: "No token, or none for this part of the API.",
    403: "Refused for this caller or these credentials.",
    404: "Absent, or not for this caller.",
    409: "The current state does not allow it.",
    412: "It has changed since it was read; see If-Match.",
    413: "The body is too large.",
    415: "The body is of another media type.",
    422: "Well-formed, and it cannot be right.",
    429: "Too many; see Retry-After.",
    503: "The database cannot be reached; nothing was done.",
}


class Problem(Struct, frozen=True, kw_only=True):
    """A refusal (RFC 9457). The facts of the case are further members, by ``code``."""

    type: str
    """Stable: ``urn:comeback:problem:`` and the code."""
    code: str
    status: int
    detail: str
    """For people. May change."""


NOT_MODIFIED: Final[dict[int, Any]] = {304: ResponseSpec(None, description="As `If-None-Match` says it is.")}


def created(body: type[Struct], description: str = "Done, or done before under this key.") -> dict[int, Any]:
    """The ``responses`` of a handler whose 201 is ``answer_once``'s, which refuses a key that was used otherwise."""
    return {201: _sent(body, description), 422: _refusal(422)}


def accepted(body: type[Struct]) -> dict[int, Any]:
    """The same for a 202: a message is on its way."""
    return {202: _sent(body, "Sent, or sent before under this key."), 422: _refusal(422)}


def awaiting_approval(body: type[Struct]) -> dict[int, Any]:
    """The same for a 202: a second person has to approve it first."""
    return {202: _sent(body, "Asked for; a second person decides.")}


def refusals(*statuses: int) -> dict[int, Any]:
    """The ``responses`` of a handler that reads and may answer these, besides 400 and 503, which any may."""
    return {status: _refusal(status) for status in sorted({400, *statuses, 503})}


def write_refusals(*statuses: int) -> dict[int, Any]:
    """The same for a handler with a body that writes: it may also be too large, or wait too long for a lock."""
    return refusals(*statuses, 409, 413)


def _sent(body: type[Struct], description: str) -> ResponseSpec:
    return ResponseSpec(body, generate_examples=False, description=description)


def _refusal(status: int) -> ResponseSpec:
    return ResponseSpec(
        Problem, generate_examples=False, description=DESCRIPTIONS[status], media_type="application/problem+json"
    )
