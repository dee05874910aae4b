"""Structured logs on standard output: for people while developing, one JSON object a line in production.

A record carries an event name, facts, and the request's id when there is a request. No personal data and no secret
gets out: names of such fields are blanked, and so is what looks like a token, an e-mail address or a phone number in
any text, an exception's message included. The standard library's loggers (server, driver) come out the same way.
"""

import logging
import re
import sys
from contextvars import ContextVar
from typing import Any, Final

import msgspec
import structlog
from structlog.typing import EventDict, Processor

from api.request_ids import request_id_of

current_scope: ContextVar[Any] = ContextVar("current_scope", default=None)
"""The request that is being answered; set by ``api.observing``. Its id is looked up only when something is logged."""

BLANK: Final = "[removed]"
_PRIVATE_FIELDS: Final = frozenset(
    (
        "authorization",
        "token",
        "secret",
        "password",
        "pin",
        "code",
        "phone",
        "email",
        "card",
        "name",
        "birthday",
        "body",
    )
)
_PRIVATE_TEXT: Final = re.compile(
    r"""eyJ[\w-]+\.[\w-]+\.[\w-]+        # a JSON web token
    | [\w.+-]+@[\w-]+\.[\w.-]+           # an e-mail address
    | \+\d[\d ()-]{7,}\d                 # a phone number
    | (?<=://)[^\s/@:]+:[^\s/@]+(?=@)    # the user and password of an address""",
    re.VERBOSE,
)


def configure_logging(*, log_format: str, level: str) -> None:
    """Set up logging for this process. ``log_format`` is console or json; records below ``level`` are dropped."""
    shared: list[Processor] = [
        _add_request_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        remove_private,
    ]
    render: Processor = (
        structlog.processors.JSONRenderer(serializer=_to_json)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
    )
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.INFO), force=True)


def remove_private(_: object, __: str, event: EventDict) -> EventDict:
    """Blank what names a person or opens a door."""
    for field, value in event.items():
        if field in _PRIVATE_FIELDS:
            event[field] = BLANK
        elif isinstance(value, str):
            event[field] = _PRIVATE_TEXT.sub(BLANK, value)
    return event


def _add_request_id(_: object, __: str, event: EventDict) -> EventDict:
    if (scope := current_scope.get()) is not None and "state" in scope:
        event["request_id"] = request_id_of(scope)
    return event


def _to_json(event: Any, **_: object) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()
