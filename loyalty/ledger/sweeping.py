"""Applying what is due to members whom nobody touches.

Every write and every read applies it anyway, so that whether this runs late, early, twice or never changes no answer.
It keeps the stored balances near the truth, and lets others know of holds that timed out.
"""

from datetime import datetime

from kernel.database import WriteSession, driver
from loyalty.ledger.due import apply_due
from loyalty.ledger.loading import lock_accounts
from loyalty.ledger.writing import write_accounts

_DUE = "SELECT member_id FROM balance WHERE next_due_at <= $1 ORDER BY next_due_at LIMIT $2"


async def sweep(session: WriteSession, *, now: datetime, limit: int) -> int:
    """Apply what is due by ``now`` to the owners of at most ``limit`` wallets, those that have waited longest.

    Members whom somebody else has locked are passed over: whoever holds them applies it too. Answers how many wallets
    it was.
    """
    connection = await driver(session)
    owners = [row["member_id"] for row in await connection.fetch(_DUE, now, limit)]
    accounts = await lock_accounts(connection, owners, now=now, skip_locked=True)
    for account in accounts.values():
        apply_due(account, now)
    await write_accounts(connection, [account for account in accounts.values() if account.is_changed])
    return sum(member_id in accounts for member_id in owners)
