"""Answering a request that changes something: once per key, in one transaction, the bytes stored before COMMIT.

Sales have their own way (``api/pos/posting.py``), which does the same for many at a time.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, NamedTuple, Protocol

import asyncpg
import msgspec
from litestar.params import HeaderParameter
from litestar.types import Receive, Scope, Send
from msgspec import Struct
from sqlalchemy.exc import DBAPIError

from api.problems import PROBLEM_MEDIA_TYPE, encode_refusal
from api.services import Services
from kernel.database import WriteSession, driver
from kernel.errors import ConflictError, NotFoundError, UnprocessableError
from loyalty.answers import KeyId, StoredAnswer, find_answers, repeat_of, store_answers
from loyalty.purchases.outcome import Repeated

_RACES = 5
_LOST_RACES = {asyncpg.UniqueViolationError.sqlstate, asyncpg.DeadlockDetectedError.sqlstate}
_MOST_CHARACTERS = 255
_BINDING = (NotFoundError, ConflictError, UnprocessableError)

IdempotencyKey = Annotated[
    str,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=_MOST_CHARACTERS,
        description="The client's own name for this request. The same key and body always get the same answer.",
    ),
]
OptionalIdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=_MOST_CHARACTERS,
        required=False,
        description="The client's own name for this request. Without one, sending it again is another request.",
    ),
]


class Awaiting(NamedTuple):
    """What has only been asked for, as a second person has to allow it: answered with 202."""

    body: Struct


Act = Callable[[WriteSession, datetime], Awaitable[Struct | Repeated | Awaiting]]
"""Does the work in the transaction it is given; answers the response body."""


def plain_key(scope: Scope) -> str | None:
    """The key of a request that has one, of an allowed length; None where a handler has to say what is wrong."""
    keys = [value for name, value in scope["headers"] if name == b"idempotency-key"]
    return keys[0].decode("latin-1") if len(keys) == 1 and 0 < len(keys[0]) <= _MOST_CHARACTERS else None


class Client(Protocol):
    """Whoever owns idempotency keys."""

    @property
    def client(self) -> str: ...


class Answered:
    """Stored bytes as an ASGI answer, as lean as it gets: a sale is answered with nothing else.

    Litestar's own response was measured at 15 us more.
    """

    __slots__ = ("_body", "_status")

    def __init__(self, status: int, body: bytes) -> None:
        self._status, self._body = status, body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        media_type = b"application/json" if self._status < 400 else PROBLEM_MEDIA_TYPE.encode()
        headers = [(b"content-type", media_type), (b"content-length", b"%d" % len(self._body))]
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": self._body, "more_body": False})


def veiled(services: Services, text: str | None) -> str | None:
    """What stands for a secret or for personal data in ``canonical_body``: the same for the same text, and mute."""
    return None if text is None else services.lookup_key.digest("idempotent_body", text).hex()


def canonical_body(operation: str, body: object) -> bytes:
    """What repeats of a request are compared with."""
    return msgspec.json.encode({"operation": operation, "body": body}, order="deterministic")


async def answer_once(
    services: Services,
    caller: Client,
    key: str | None,
    body: bytes,
    act: Act,
    *,
    status: int = 201,
    holds_secret: bool = False,
    rehearsal: bool = False,
) -> Answered:
    """``settle_once`` as a response."""
    settled = settle_once(
        services, caller, key, body, act, status=status, holds_secret=holds_secret, rehearsal=rehearsal
    )
    return Answered(*await settled)


async def settle_once(
    services: Services,
    caller: Client,
    key: str | None,
    body: bytes,
    act: Act,
    *,
    status: int = 201,
    holds_secret: bool = False,
    rehearsal: bool = False,
) -> tuple[int, bytes]:
    """Run ``act`` unless ``key`` has been answered; the answer and the effect are committed together.

    Refusals of the kinds 404, 409 and 422 bind the key too. An answer that ``holds_secret`` is sent and not stored. A
    ``rehearsal`` (a training terminal) gets the real answer and everything is rolled back. Two requests that race for
    one key, or for one natural key: the loser finds the winner's answer when it looks again.
    """
    key_id = KeyId(caller.client, key) if key is not None else None
    for _ in range(_RACES):
        try:
            return await _attempt(services, key_id, body, act, status, holds_secret=holds_secret, rehearsal=rehearsal)
        except (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError):
            continue
        except DBAPIError as error:  # the same two, where a session has sent the statement
            if getattr(error.orig, "sqlstate", None) not in _LOST_RACES:
                raise
    raise asyncpg.LockNotAvailableError("the request kept losing its race")


async def _attempt(
    services: Services,
    key: KeyId | None,
    body: bytes,
    act: Act,
    status: int,
    *,
    holds_secret: bool,
    rehearsal: bool,
) -> tuple[int, bytes]:
    now = services.clock()
    async with services.database.write() as session:
        if (repeat := await _stored(session, key, body)) is not None:
            return repeat
        try:
            result = await act(session, now)
        except _BINDING as error:
            refusal = encode_refusal(error)
        else:
            sent, outcome = _encode(result, status)
            if not rehearsal:
                stored = None if holds_secret else outcome
                await _store(session, key, StoredAnswer(body, sent, stored), result=result, now=now)
                await session.commit()
            return sent, outcome
    return await _refuse(services, key, body, *refusal, rehearsal=rehearsal, now=now)


async def _refuse(
    services: Services, key: KeyId | None, body: bytes, status: int, outcome: bytes, *, rehearsal: bool, now: datetime
) -> tuple[int, bytes]:
    """The effect is rolled back; what is left of a refused request is its stored refusal."""
    if key is not None and not rehearsal:
        async with services.database.write() as session:
            await store_answers(await driver(session), [(key, StoredAnswer(body, status, outcome))], now=now)
            await session.commit()
    return status, outcome


async def _stored(session: WriteSession, key: KeyId | None, body: bytes) -> tuple[int, bytes] | None:
    if key is None:
        return None
    answer = (await find_answers(await driver(session), [key])).get(key)
    return None if answer is None else repeat_of(answer, body)


async def _store(
    session: WriteSession, key: KeyId | None, answer: StoredAnswer, *, result: object, now: datetime
) -> None:
    if key is not None and not (isinstance(result, Repeated) and result.same_key):
        await store_answers(await driver(session), [(key, answer)], now=now)


def _encode(result: Struct | Repeated | Awaiting, status: int) -> tuple[int, bytes]:
    if isinstance(result, Awaiting):
        return 202, msgspec.json.encode(result.body)
    if isinstance(result, Repeated):
        return result.status, result.outcome
    return status, msgspec.json.encode(result)
