"""The short way of a till's request through Litestar: from its headers and bytes straight to the answer.

Reading body, key and scope into arguments, checking those against the handler's signature and making a response took
Litestar as long as all rules of a sale take. A request that looks like every other is answered here, after it has been
authenticated; anything unusual goes on to the handler, which says what is wrong with it. Errors are raised in the same
place either way, and answered by the same handlers.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, ReceiveMessage, Scope, Send

AnswerBody: TypeAlias = Callable[[Scope, bytes], Awaitable[ASGIApp | None]]
"""Reads the body and answers it; None for what is left to the handler."""

_MOST_BYTES: Final = 64 * 1024
"""Of a body: a basket of three hundred lines. A longer one is the handler's, which knows when it is too long."""


class ShortWay(ASGIMiddleware):
    """Middleware of one route."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, answer: AnswerBody) -> None:
        self._answer = answer

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        received: deque[ReceiveMessage] = deque()
        body = await _whole_body(receive, received)
        answer = await self._answer(scope, body) if body else None
        if answer is None:
            await next_app(scope, _again(received, receive), send)
        else:
            await answer(scope, receive, send)


async def _whole_body(receive: Receive, received: deque[ReceiveMessage]) -> bytes:
    """The body, and in ``received`` what it came in; empty where it is long, or the client has gone."""
    body = b""
    while len(body) <= _MOST_BYTES:
        message = await receive()
        received.append(message)
        if message["type"] != "http.request":
            break
        body += message["body"]
        if not message.get("more_body", False):
            # A server may hand over all of it at once, however long.
            return body if len(body) <= _MOST_BYTES else b""
    return b""


def _again(received: deque[ReceiveMessage], receive: Receive) -> Receive:
    """``receive`` as if nothing had been ``received`` yet."""

    async def next_message() -> ReceiveMessage:
        return received.popleft() if received else await receive()

    return next_message
