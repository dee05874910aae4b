"""Facts of which tiers learn at the next look: an adjustment, a merge, another time zone.

The standing is marked, and whoever looks next, a purchase, a read or the sweeper, counts the member's days anew before
anything else. No programme is needed for that, and nothing happens to a member who has no standing yet: there the days
are counted at the first look anyway.
"""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_MARK = """
UPDATE tier_standing SET stale_cause = $2, next_look_at = $3 WHERE member_id = ANY($1::bigint[])
"""
_MOVE_GRANT = """
UPDATE tier_standing AS t SET granted_tier = s.granted_tier, granted_until = s.granted_until,
       grant_reason = s.grant_reason, granted_by = s.granted_by, granted_at = s.granted_at
FROM tier_standing AS s
WHERE t.member_id = $2 AND s.member_id = $1 AND t.granted_tier IS NULL AND s.granted_tier IS NOT NULL
"""
_BEGIN = """
INSERT INTO tier_standing (member_id, programme_version, stale_cause, through, since, next_look_at)
SELECT $2, programme_version, 'merge', through, $3, $3 FROM tier_standing WHERE member_id = $1 ON CONFLICT DO NOTHING
"""
_ADD_BONUSES = """
INSERT INTO tier_bonus AS own (member_id, tier, period, wallet, points, change_no, paid_at, taken_back_at, kept_points)
SELECT $2, tier, period, wallet, points, change_no, paid_at, taken_back_at, kept_points
FROM tier_bonus WHERE member_id = $1
ON CONFLICT (member_id, tier, period) DO UPDATE SET
    points = CASE WHEN own.taken_back_at IS NULL AND excluded.taken_back_at IS NULL THEN own.points + excluded.points
                  WHEN own.taken_back_at IS NULL THEN own.points ELSE excluded.points END,
    taken_back_at = CASE WHEN own.taken_back_at IS NOT NULL THEN excluded.taken_back_at END,
    kept_points = own.kept_points + excluded.kept_points
"""
"""Where both have the bonus of a period, both are taken back with the tier; reached again, it pays one."""
_END = tuple(f"DELETE FROM {table} WHERE member_id = $1" for table in ("tier_standing", "tier_day", "tier_bonus"))  # noqa: S608 - our tables


async def mark_standing(connection: "Connection[Record]", member_id: int, cause: str, *, now: datetime) -> None:
    """Let the locked member's days be counted anew at the next look, which names ``cause`` for what changes."""
    await mark_standings(connection, [member_id], cause, now=now)


async def mark_standings(
    connection: "Connection[Record]", member_ids: Collection[int], cause: str, *, now: datetime
) -> None:
    """The same for several members."""
    await connection.execute(_MARK, list(member_ids), cause, now)


async def merge_standings(connection: "Connection[Record]", source_id: int, target_id: int, *, now: datetime) -> None:
    """The facts of both count for the target from now on, so do entry bonuses, and a grant where the target has none.

    Both members are locked. The source's history stays under its own number, as its purchases do.
    """
    await connection.execute(_BEGIN, source_id, target_id, now)
    await connection.execute(_MOVE_GRANT, source_id, target_id)
    await connection.execute(_ADD_BONUSES, source_id, target_id)
    await mark_standing(connection, target_id, "merge", now=now)
    for statement in _END:
        await connection.execute(statement, source_id)
