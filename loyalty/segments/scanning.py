"""Who is in a segment that has a condition: members are read in bounded pieces and looked at one by one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from kernel.database import ReadSession, driver
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.segments.membership import segments_of

MOST_LOOKED_AT: Final = 1_000
"""Members that one question looks at."""

_NEXT = """
SELECT member_id FROM member WHERE member_id > $1 AND status = 'active' ORDER BY member_id LIMIT $2
"""
_ACTIVE = "SELECT count(*) FROM member WHERE status = 'active'"
_EVERY_NTH = """
SELECT member_id FROM member WHERE status = 'active' AND member_id % $1 = 0 ORDER BY member_id LIMIT $2
"""


class Found(Struct, frozen=True):
    """Members of a segment, and after which member to go on looking; None at the end."""

    members: Sequence[int]
    after: int | None


class SegmentCount(Struct, frozen=True, kw_only=True):
    """How many active members are in a segment. Unless ``exact``, told from the ``looked_at`` among all ``active``."""

    members: int
    exact: bool
    looked_at: int
    active: int


async def members_in(
    session: ReadSession, code: str, programme: ProgrammeSnapshot, *, after: int, limit: int, now: datetime
) -> Found:
    """Up to ``limit`` active members of the segment ``code`` behind member ``after``, in ascending order.

    At most ``MOST_LOOKED_AT`` members are looked at, so that an answer may be short, or empty, and not the last.
    """
    connection = await driver(session)
    ids = [row[0] for row in await connection.fetch(_NEXT, after, MOST_LOOKED_AT)]
    segments = await segments_of(connection, ids, programme, now=now)
    found = [member_id for member_id in ids if code in segments[member_id]]
    if len(found) > limit:
        return Found(found[:limit], found[limit - 1])
    return Found(found, ids[-1] if len(ids) == MOST_LOOKED_AT else None)


async def count_members(
    session: ReadSession, code: str, programme: ProgrammeSnapshot, *, now: datetime
) -> SegmentCount:
    """How many active members are in the segment ``code``: counted where there are few, else told from every nth."""
    connection = await driver(session)
    active = await connection.fetchval(_ACTIVE)
    step = max(1, -(-active // MOST_LOOKED_AT))
    ids = [row[0] for row in await connection.fetch(_EVERY_NTH, step, MOST_LOOKED_AT)]
    segments = await segments_of(connection, ids, programme, now=now)
    found = sum(code in each for each in segments.values())
    exact = len(ids) == active
    members = found if exact else round(found * active / max(1, len(ids)))
    return SegmentCount(members=members, exact=exact, looked_at=len(ids), active=active)
