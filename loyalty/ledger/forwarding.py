"""Where the ledger of a merged member went on, set-based."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from loyalty.ledger.account import Account
from loyalty.ledger.loading import lock_members

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


async def lock_survivors(
    connection: "Connection[Record]", member_ids: Collection[int]
) -> tuple[dict[int, Account], dict[int, int]]:
    """The surviving members, locked in ascending order and without their wallets, and who survives for each of
    ``member_ids``.
    """
    while True:
        survivors = await surviving_members(connection, member_ids)
        owners = {member_id: survivors.get(member_id, member_id) for member_id in member_ids}
        locked = await lock_members(connection, set(owners.values()))
        if all(account.merged_into is None for account in locked.values()):
            return locked, owners
        # One was merged between the look-up and the lock: look again.
