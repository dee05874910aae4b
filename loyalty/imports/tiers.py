"""Tiers of the other system: granted through the day until which they are retained, while what is earned counts on.

The grant names the import that gave it. One that staff gave since then is a later decision, and stays.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from loyalty.imports.chunking import MEMBERS_AT_ONCE, chunks
from loyalty.imports.rows import TierRow
from loyalty.ledger.account import Account
from loyalty.ledger.due import apply_due
from loyalty.ledger.loading import lock_accounts
from loyalty.ledger.writing import write_accounts
from loyalty.tiers.granting import grant_ends
from loyalty.tiers.keeping import catch_up, change_grant
from loyalty.tiers.loading import load_standings
from loyalty.tiers.plan import TierPlan
from loyalty.tiers.standing import Grant, Standing
from loyalty.tiers.writing import write_standings

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_GIVER: Final = "import:"
_REASON: Final = "imported"
_GIVEN: Final = "SELECT member_id FROM tier_standing WHERE granted_by = $1"


def giver(import_id: int) -> str:
    """Who gave a grant that came with an import."""
    return f"{_GIVER}{import_id}"


async def give_tiers(
    connection: "Connection[Record]",
    rows: Sequence[TierRow],
    members: Mapping[str, int],
    import_id: int,
    plan: TierPlan,
    *,
    now: datetime,
) -> int:
    """Grant the tiers that are not granted so already; answers how many. The rows have been checked."""
    by_member = {members[row.external_id]: row for row in rows}

    def grant(standing: Standing, account: Account) -> bool:
        row, before = by_member[account.member_id], standing.grant
        after = Grant(row.tier, grant_ends(row.retained_until, account.zone, now=now), _REASON, giver(import_id), now)
        if before is not None and not (before.by or "").startswith(_GIVER):
            return False
        if before is not None and (before.tier, before.until) == (after.tier, after.until):
            return False
        change_grant(standing, account, after, now=now)
        return True

    return await _change(connection, by_member, plan, grant, now=now)


async def given_tiers(connection: "Connection[Record]", import_id: int) -> set[int]:
    """The members who have a tier by the import, and by nobody else since."""
    return {row["member_id"] for row in await connection.fetch(_GIVEN, giver(import_id))}


async def take_tiers_back(
    connection: "Connection[Record]", member_ids: Collection[int], plan: TierPlan, *, now: datetime
) -> int:
    """End the grants of these members, who have what is earned from now on; answers how many."""

    def end(standing: Standing, account: Account) -> bool:
        change_grant(standing, account, None, now=now)
        return True

    return await _change(connection, member_ids, plan, end, now=now)


async def _change(
    connection: "Connection[Record]",
    member_ids: Collection[int],
    plan: TierPlan,
    change: Callable[[Standing, Account], bool],
    *,
    now: datetime,
) -> int:
    changed = 0
    for chunk in chunks(sorted(member_ids), MEMBERS_AT_ONCE):
        accounts = await lock_accounts(connection, chunk, now=now)
        standings = await load_standings(connection, accounts, plan)
        for member_id, standing in standings.items():
            account = accounts[member_id]
            apply_due(account, now)
            catch_up(standing, account, now=now)
            changed += change(standing, account)
        await write_accounts(connection, [account for account in accounts.values() if account.is_changed])
        await write_standings(connection, standings.values(), now=now)
    return changed
