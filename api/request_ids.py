"""A name for each request, taken from the caller or made here, and echoed in ``X-Request-Id``.

It is a header and never part of a body, so that an answer replayed for an idempotency key stays the same bytes.
"""

import random
import re
from typing import Final

from litestar.types import Message, Scope

HEADER: Final = "x-request-id"
_ACCEPTABLE: Final = re.compile(rb"[A-Za-z0-9._:-]{1,128}\Z")
_STATE_KEY: Final = "request_id"


def request_id_of(scope: Scope) -> str:
    """The request's id: the caller's own when it is short and plain, a fresh one otherwise. Stable per request.

    A fresh one need only be unlike the others, not hard to guess.
    """
    state = scope["state"]
    if _STATE_KEY not in state:
        given = next((value for name, value in scope["headers"] if name == HEADER.encode()), b"")
        state[_STATE_KEY] = given.decode() if _ACCEPTABLE.match(given) else f"{random.getrandbits(128):032x}"
    return str(state[_STATE_KEY])


async def echo_request_id(message: Message, scope: Scope) -> None:
    """A ``before_send`` hook: it also reaches answers that no handler gave, such as 404 and 413."""
    if message["type"] == "http.response.start":
        message["headers"] = [*message.get("headers", ()), (HEADER.encode(), request_id_of(scope).encode())]
