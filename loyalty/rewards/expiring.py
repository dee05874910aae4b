"""Noting that the time of redemptions is over.

Nothing depends on when it runs: reads and writes tell an expired one by its time, its piece is there again from then
on, and the ledger gives the held points back by the same instant.
"""

from datetime import datetime

from sqlmodel import col, select

from kernel.database import WriteSession, driver
from loyalty.ledger.due import apply_due
from loyalty.ledger.loading import lock_accounts
from loyalty.ledger.writing import write_accounts
from loyalty.models import Redemption
from loyalty.rewards.ending import end_all
from loyalty.rewards.states import OPEN


async def expire_redemptions(session: WriteSession, *, now: datetime, limit: int) -> int:
    """End at most ``limit`` of those whose time is over, the longest over first. Answers how many were looked at.

    Members whom somebody else has locked are passed over until the next time.
    """
    connection = await driver(session)
    overdue = (
        select(Redemption)
        .where(col(Redemption.state).in_(OPEN), col(Redemption.expires_at) <= now)
        .order_by(col(Redemption.expires_at))
        .limit(limit)
    )
    owners = {redemption.member_id for redemption in (await session.exec(overdue)).all()}
    accounts = await lock_accounts(connection, owners, now=now, skip_locked=True)
    for account in accounts.values():
        apply_due(account, now)
    await write_accounts(connection, [account for account in accounts.values() if account.is_changed])
    again = overdue.where(col(Redemption.member_id).in_(accounts)).execution_options(populate_existing=True)
    ended = (await session.exec(again)).all()
    await end_all(session, ended, "expired", actor="system", now=now)
    return len(ended)
