"""Where the ledger of a merged member went on, set-based."""

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_SURVIVORS = """
WITH RECURSIVE forwarded (member_id, survivor_id) AS (
    SELECT member_id, merged_into FROM member WHERE member_id = ANY($1::bigint[]) AND merged_into IS NOT NULL
    UNION
    SELECT f.member_id, m.merged_into
    FROM forwarded f JOIN member m ON m.member_id = f.survivor_id WHERE m.merged_into IS NOT NULL
)
SELECT f.member_id, f.survivor_id
FROM forwarded f JOIN member m ON m.member_id = f.survivor_id WHERE m.merged_into IS NULL
"""


async def surviving_members(connection: "Connection[Record]", member_ids: Collection[int]) -> dict[int, int]:
    """For those of ``member_ids`` that were merged away: the member at the end of their chain of merges."""
    if not member_ids:
        return {}
    return {row["member_id"]: row["survivor_id"] for row in await connection.fetch(_SURVIVORS, list(member_ids))}
