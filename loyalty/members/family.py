"""A member together with those who were merged into them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_FAMILY = """
WITH RECURSIVE family (member_id) AS (
    SELECT $1::bigint UNION SELECT m.member_id FROM family f JOIN member m ON m.merged_into = f.member_id
)
SELECT member_id FROM family
"""


async def family_of(connection: "Connection[Record]", member_id: int) -> list[int]:
    """``member_id``, a surviving member, and everybody who was merged into it, directly or through others.

    What the latter bought and earned stays under their own numbers: reading one person's past reads all of them.
    """
    return [row["member_id"] for row in await connection.fetch(_FAMILY, member_id)]
