"""How a refusal looks on the wire: RFC 9457 problem documents, mapped in one place.

``type`` and ``code`` are stable, ``detail`` is for people, the facts of the error are members of the document. No
document ever holds a stack trace or an exception's text that we did not write. The request id is in a header, so that
a replayed answer stays the same byte for byte.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import asyncpg
import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from api.metrics import REFUSALS
from kernel.errors import (
    ConflictError,
    DomainError,
    ForbiddenError,
    NotFoundError,
    StaleError,
    TooManyError,
    UnprocessableError,
)

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:comeback:problem:"

_STATUS_OF_KIND: Final[tuple[tuple[type[DomainError], int], ...]] = (
    (NotFoundError, 404),
    (ConflictError, 409),
    (ForbiddenError, 403),
    (StaleError, 412),
    (UnprocessableError, 422),
    (TooManyError, 429),
)
_CODE_OF_STATUS: Final = {
    400: "malformed_request",
    401: "not_authenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "unprocessable",
    429: "too_many",
}
_HELD_BY_OTHERS: Final = {"55P03", "40P01"}
"""A lock that was waited for in vain, and a deadlock that was ended by giving this transaction up."""
_UNSTORABLE_TEXT: Final = {"22021", "22P05"}
_CLASSES_OF_A_LOST_SERVER: Final = {"08", "53", "57"}
_UNREACHABLE: Final = (OSError, asyncpg.InterfaceError, InterfaceError, OperationalError, PoolTimeoutError)

log = structlog.get_logger()


def status_of(error: DomainError) -> int:
    """The HTTP status of a refusal: 404, 409, 403, 412, 422 or 429."""
    return next((status for kind, status in _STATUS_OF_KIND if isinstance(error, kind)), 422)


def problem(status: int, code: str, detail: str, facts: Mapping[str, object] | None = None) -> dict[str, Any]:
    """A problem document. No fact takes the place of a member that the format itself defines."""
    defined = {"type": TYPE_PREFIX + code, "code": code, "status": status, "detail": detail}
    return defined | dict(facts or {}) | defined


def encode_refusal(error: DomainError) -> tuple[int, bytes]:
    """Status and bytes of a refusal, as they are sent and as they are stored for the idempotency key."""
    status = status_of(error)
    REFUSALS.labels(error.code).inc()
    return status, msgspec.json.encode(problem(status, error.code, error.detail, error.facts))


def respond(status: int, body: bytes | dict[str, Any], headers: dict[str, str] | None = None) -> Response[bytes]:
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Response(content, status_code=status, media_type=PROBLEM_MEDIA_TYPE, headers=headers or {})


def _on_domain_error(_: Request[Any, Any, Any], error: DomainError) -> Response[bytes]:
    status, body = encode_refusal(error)
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, TooManyError) else None
    return respond(status, body, headers)


def misfit(error: ValidationException) -> dict[str, Any]:
    """The problem of a body that is JSON and does not fit its schema, with each place."""
    problems = [
        {"at": str(item.get("key", "")), "problem": str(item.get("message", ""))}
        for item in (error.extra if isinstance(error.extra, list) else [])
        if isinstance(item, dict)
    ]
    return problem(400, "malformed_request", "The request does not fit its schema.", {"errors": problems})


def _on_validation_error(_: Request[Any, Any, Any], error: ValidationException) -> Response[bytes]:
    return respond(400, misfit(error))


def _on_http_error(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    code = _CODE_OF_STATUS.get(error.status_code, "http_error")
    headers = dict(error.headers or {})
    if error.status_code == 401:
        headers.setdefault("WWW-Authenticate", "Bearer")
    detail = error.detail if error.status_code < 500 else "The server could not answer."
    return respond(error.status_code, problem(error.status_code, code, detail), headers)


class Failure(NamedTuple):
    """What is told of an error that is no refusal."""

    status: int
    document: dict[str, Any]
    headers: dict[str, str]


def failure_of(error: Exception, *, where: str) -> Failure:
    """An error of the database or of ours as a problem: 400, 409, 503 or 500. The last two are logged."""
    sqlstate = _sqlstate(error)
    if _is_unreachable(error, sqlstate):
        log.error("database_unreachable", path=where, error=repr(error))
        document = problem(
            503,
            "unavailable",
            "The database cannot be reached. Try again under the same key: what was done is not done twice.",
        )
        return Failure(503, document, {"Retry-After": "2"})
    if sqlstate in _HELD_BY_OTHERS:
        return held_by_others()
    if sqlstate in _UNSTORABLE_TEXT:
        return Failure(400, problem(400, "malformed_request", "A text holds a character that cannot be stored."), {})
    log.error("unexpected_error", path=where, exc_info=error)
    return Failure(500, problem(500, "internal_error", "Something failed on our side and was recorded."), {})


def held_by_others() -> Failure:
    """What is answered when somebody else holds what is needed."""
    document = problem(409, "busy", "Another request holds what this one needs. Nothing was done; try again.")
    return Failure(409, document, {"Retry-After": "1"})


def is_held_by_others(error: Exception) -> bool:
    """Whether a lock was waited for in vain."""
    return _sqlstate(error) in _HELD_BY_OTHERS


def _sqlstate(error: Exception) -> str | None:
    """From the driver's error, as it came or wrapped by SQLAlchemy."""
    return getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None)


def _is_unreachable(error: Exception, sqlstate: str | None) -> bool:
    if isinstance(error, _UNREACHABLE) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return True
    return sqlstate is not None and sqlstate[:2] in _CLASSES_OF_A_LOST_SERVER


def _on_failure(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    return respond(*failure_of(error, where=request.scope["path"]))


EXCEPTION_HANDLERS: Final[ExceptionHandlersMap] = {
    DomainError: _on_domain_error,
    ValidationException: _on_validation_error,
    HTTPException: _on_http_error,
    Exception: _on_failure,
}
