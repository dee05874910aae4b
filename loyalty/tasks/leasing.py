"""What workers do with tasks: take one, keep it while they work, and say what came of it.

Each statement names the holder: a worker whose lease another one has taken over changes nothing any more.
"""

from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from kernel.database import WriteSession, driver

LEASE: Final = timedelta(seconds=30)
"""How long a task stays with a worker that was killed."""
MOST_ATTEMPTS: Final = 5
"""A task that has ended so many of its workers is given up."""

Ending: TypeAlias = Literal["done", "failed", "cancelled"]

# A worker that was killed at the last attempt, or when the task was called off, has left nobody to say so.
_GIVE_UP = """
UPDATE task SET state = CASE WHEN cancel_asked THEN 'cancelled' ELSE 'failed' END,
                error = CASE WHEN NOT cancel_asked THEN 'Its workers ended before it did.' END,
                ended_at = $1, holder = NULL, leased_until = NULL
WHERE task_id IN (
    SELECT task_id FROM task
    WHERE (state = 'running' AND leased_until <= $1 AND (attempts >= $2 OR cancel_asked))
       OR (state = 'queued' AND cancel_asked)
    FOR UPDATE SKIP LOCKED
)
"""
_TAKE = """
UPDATE task SET state = 'running', holder = $1, leased_until = $3, attempts = attempts + 1,
                started_at = coalesce(started_at, $2)
WHERE task_id = (
    SELECT task_id FROM task
    WHERE (state = 'queued' OR (state = 'running' AND leased_until <= $2)) AND kind = ANY($4::text[])
    ORDER BY task_id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING task_id, kind, parameters, requested_by, attempts
"""
_KEEP = """
UPDATE task SET leased_until = $3, done = least($4::bigint, coalesce($5::bigint, $4::bigint)), total = $5
WHERE task_id = $1 AND holder = $2 RETURNING cancel_asked
"""
_END = """
UPDATE task SET state = $3::text, ended_at = $4, result = $5, error = $6, holder = NULL, leased_until = NULL,
                done = CASE WHEN $3::text = 'done' THEN coalesce(total, done) ELSE done END
WHERE task_id = $1 AND holder = $2
"""
_PUT_BACK = """
UPDATE task SET state = 'queued', holder = NULL, leased_until = NULL, attempts = attempts - 1
WHERE task_id = $1 AND holder = $2
"""


class Taken(Struct, frozen=True, kw_only=True):
    """A task in the hands of a worker."""

    task_id: int
    kind: str
    parameters: dict[str, Any]
    requested_by: str
    attempts: int


async def take_task(session: WriteSession, kinds: list[str], *, holder: str, now: datetime) -> Taken | None:
    """The oldest task of ``kinds`` that waits, or whose worker is gone; None when there is none."""
    connection = await driver(session)
    await connection.execute(_GIVE_UP, now, MOST_ATTEMPTS)
    row = await connection.fetchrow(_TAKE, holder, now, now + LEASE, kinds)
    return None if row is None else Taken(**dict(row))


async def keep_task(
    session: WriteSession, task_id: int, *, holder: str, done: int, total: int | None, now: datetime
) -> Literal["go_on", "stop", "lost"]:
    """Renew the lease and tell how far it is. ``stop``: it was called off; ``lost``: another worker has it."""
    asked = await (await driver(session)).fetchval(_KEEP, task_id, holder, now + LEASE, done, total)
    if asked is None:
        return "lost"
    return "stop" if asked else "go_on"


async def end_task(
    session: WriteSession,
    task_id: int,
    state: Ending,
    *,
    holder: str,
    result: object = None,
    error: str | None = None,
    now: datetime,
) -> None:
    """Say what came of it, unless another worker has it."""
    encoded = None if result is None else msgspec.json.encode(result).decode()
    await (await driver(session)).execute(_END, task_id, holder, state, now, encoded, error)


async def put_back(session: WriteSession, task_id: int, *, holder: str) -> None:
    """Let another worker take it up at once: this one is told to end."""
    await (await driver(session)).execute(_PUT_BACK, task_id, holder)
