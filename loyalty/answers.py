"""Stored answers: the same key and body get the same bytes for good.

An idempotency key belongs to a client. Its row is written with the answer in the transaction of the effect, so there is
never an effect without an answer or an answer without an effect. Two requests with one key meet at the member's lock,
or, for different members, at the primary key: the loser's transaction is rolled back and it reads the winner's answer.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from kernel.database import Query, Row, RowWriter, fetch_together
from kernel.errors import ConflictError, UnprocessableError
from loyalty.models import IdempotencyKey

if TYPE_CHECKING:
    from asyncpg import Connection, Record

MAX_DIFFERENCES = 5


class KeyReusedError(UnprocessableError):
    """The key was used for another request. ``differences`` are JSON pointers into the body."""

    code = "idempotency_key_reused"
    title = "This idempotency key was used with another body."


class SecretNotRepeatedError(ConflictError):
    """The first answer held a secret; it was shown once."""

    code = "secret_shown_once"
    title = "The first answer to this key held a secret and is not repeated."


class KeyId(NamedTuple):
    """An idempotency key and the client it belongs to."""

    client: str
    key: str


class StoredAnswer(NamedTuple):
    """What a key was answered with, and for which canonical body."""

    body: bytes
    status: int
    outcome: bytes | None


_FIND = """
SELECT k.client, k.key, k.body, k.status, k.outcome
FROM idempotency_key k JOIN unnest($1::text[], $2::text[]) AS w (client, key) ON k.client = w.client AND k.key = w.key
"""
_STORE = RowWriter(IdempotencyKey, "client", "key", "body", "status", "outcome", "created_at")


async def find_answers(connection: "Connection[Record]", keys: Collection[KeyId]) -> dict[KeyId, StoredAnswer]:
    """The answers that exist."""
    return answers_from((await fetch_together(connection, answers_query(keys)))[0]) if keys else {}


def answers_query(keys: Collection[KeyId]) -> Query:
    """The query of ``find_answers``, to be sent together with others; ``answers_from`` takes its rows."""
    return Query(_FIND, ([key.client for key in keys], [key.key for key in keys]))


def answers_from(rows: Iterable[Row]) -> dict[KeyId, StoredAnswer]:
    """The answers out of the rows of ``answers_query``."""
    return {KeyId(client, key): StoredAnswer(*answer) for client, key, *answer in rows}


async def store_answers(
    connection: "Connection[Record]", answers: Iterable[tuple[KeyId, StoredAnswer]], *, now: datetime
) -> None:
    """Write answers. A key that exists meanwhile breaks the transaction (unique violation): its loser starts anew."""
    rows = [(key.client, key.key, answer.body, answer.status, answer.outcome, now) for key, answer in answers]
    await _STORE.write(connection, rows)


def repeat_of(answer: StoredAnswer, body: bytes) -> tuple[int, bytes]:
    """Status and bytes to answer a repeat with.

    Raises ``KeyReusedError`` for another body and ``SecretNotRepeatedError`` for a secret.
    """
    if answer.body != body:
        raise KeyReusedError(None, differences=differences(answer.body, body))
    if answer.outcome is None:
        raise SecretNotRepeatedError
    return answer.status, answer.outcome


def differences(first: bytes, second: bytes) -> list[str]:
    """JSON pointers to what differs between two canonical bodies, at most ``MAX_DIFFERENCES``."""
    found: list[str] = []
    _compare(msgspec.json.decode(first), msgspec.json.decode(second), "", found)
    return found[:MAX_DIFFERENCES] or [""]


def _compare(first: Any, second: Any, pointer: str, found: list[str]) -> None:
    if isinstance(first, dict) and isinstance(second, dict):
        for name in sorted(first.keys() | second.keys()):
            _compare(first.get(name), second.get(name), f"{pointer}/{name}", found)
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for position, (left, right) in enumerate(zip(first, second, strict=True)):
            _compare(left, right, f"{pointer}/{position}", found)
    elif first != second:
        found.append(pointer)
