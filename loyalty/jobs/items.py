"""A job's items in the database: read by pages, written with what became of them, told to staff."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct
from sqlmodel import col, select

from kernel.database import ReadSession, RowWriter, WriteSession, driver
from loyalty.models import Job, JobItem, JobProblem

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_NEXT: Final = "SELECT member_id FROM job_item WHERE job_id = $1 AND state = $2 ORDER BY member_id LIMIT $3"
_ITEMS: Final = """
SELECT member_id, points, moved, before FROM job_item
WHERE job_id = $1 AND state = $2 AND member_id = ANY($3::bigint[]) ORDER BY member_id
"""
_SETTLE: Final = """
UPDATE job_item AS i
SET state = v.state, why = v.why, settled_at = $2,
    moved = coalesce(v.moved::jsonb, i.moved), returned = coalesce(v.returned::jsonb, i.returned),
    before = coalesce(v.before::jsonb, i.before)
FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
     AS v (member_id, state, why, moved, returned, before)
WHERE i.job_id = $1 AND i.member_id = v.member_id
"""
_SKIP_THE_REST: Final = """
UPDATE job_item SET state = 'skipped', why = 'called_off', settled_at = $2 WHERE job_id = $1 AND state = 'previewed'
"""
_COUNTS: Final = "SELECT state, count(*) FROM job_item WHERE job_id = $1 GROUP BY state"
_PREVIEWED: Final = RowWriter(JobItem, "member_id", "job_id", "state", "points")


class Item(Struct, frozen=True, kw_only=True):
    """What is to be done to a member, or taken back."""

    member_id: int
    points: dict[str, int]
    moved: dict[str, int] | None
    before: dict[str, Any] | None


class Settled(Struct, frozen=True, kw_only=True):
    """What became of an item."""

    state: str
    why: str | None = None
    moved: Mapping[str, int] | None = None
    returned: Mapping[str, int] | None = None
    before: Mapping[str, Any] | None = None


async def next_members(connection: "Connection[Record]", job_id: int, state: str, *, limit: int) -> list[int]:
    """The first members whose items are in ``state``."""
    return [row[0] for row in await connection.fetch(_NEXT, job_id, state, limit)]


async def items_of(
    connection: "Connection[Record]", job_id: int, state: str, member_ids: Sequence[int]
) -> dict[int, Item]:
    """Those items of members that are in ``state`` now: what somebody else has settled is not among them."""
    rows = await connection.fetch(_ITEMS, job_id, state, list(member_ids))
    return {row["member_id"]: Item(**dict(row)) for row in rows}


async def settle_items(
    connection: "Connection[Record]", job_id: int, settled: Mapping[int, Settled], *, now: datetime
) -> None:
    """Write what became of items, in the transaction of their effect."""
    if settled:
        rows = [
            (member_id, each.state, each.why, _json(each.moved), _json(each.returned), _json(each.before))
            for member_id, each in sorted(settled.items())
        ]
        await connection.execute(_SETTLE, job_id, now, *zip(*rows, strict=True))


async def skip_the_rest(connection: "Connection[Record]", job_id: int, *, now: datetime) -> None:
    """Note that what was never applied will not be: the application was called off and the job taken back."""
    await connection.execute(_SKIP_THE_REST, job_id, now)


async def replace_items(session: WriteSession, locked: Job, amounts: Mapping[int, Mapping[str, int]]) -> None:
    """Make ``amounts``, points by wallet of each member, the job's preview; sum them up."""
    connection = await driver(session)
    await connection.execute("DELETE FROM job_item WHERE job_id = $1", locked.job_id)
    await _PREVIEWED.write(
        connection,
        [
            (member_id, locked.job_id, "previewed", msgspec.json.encode(points).decode())
            for member_id, points in sorted(amounts.items())
        ],
    )
    moved = [points for wallets in amounts.values() for points in wallets.values()]
    locked.members = len(amounts)
    locked.points_given = sum(points for points in moved if points > 0)
    locked.points_taken = -sum(points for points in moved if points < 0)
    session.add(locked)
    await session.flush()


async def count_items(session: ReadSession, job_id: int) -> dict[str, int]:
    """State to how many items are in it."""
    return {row[0]: row[1] for row in await (await driver(session)).fetch(_COUNTS, job_id)}


async def list_items(session: ReadSession, job_id: int, *, after: int | None, limit: int) -> Sequence[JobItem]:
    """``limit`` items by member, those behind ``after``."""
    statement = select(JobItem).where(col(JobItem.job_id) == job_id).order_by(col(JobItem.member_id)).limit(limit)
    if after is not None:
        statement = statement.where(col(JobItem.member_id) > after)
    return (await session.exec(statement)).all()


async def list_problems(session: ReadSession, job_id: int, *, after: int | None, limit: int) -> Sequence[JobProblem]:
    """``limit`` bad lines of the job's list, those behind line ``after``."""
    statement = (
        select(JobProblem).where(col(JobProblem.job_id) == job_id).order_by(col(JobProblem.line_no)).limit(limit)
    )
    if after is not None:
        statement = statement.where(col(JobProblem.line_no) > after)
    return (await session.exec(statement)).all()


def _json(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
