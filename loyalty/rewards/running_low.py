"""Telling that little is left of a reward: once each time that it comes to be so.

What is left may also become less, or more, because codes expire, are withdrawn or added, or something is published. So
it is looked at by itself, and whoever issues rewards does not wait for it.
"""

from datetime import datetime
from typing import Final

from kernel.database import WriteSession, driver
from kernel.events import publish
from loyalty.events import RewardRunsLow
from loyalty.programme.in_force import snapshot_in_force
from loyalty.rewards.coupons import limit_by_coupons
from loyalty.rewards.stock import read_left

_LOCK: Final = """
SELECT reward FROM reward_stock WHERE (low_since IS NULL) = (reward = ANY($1::text[]))
ORDER BY reward FOR NO KEY UPDATE
"""
_NOTE: Final = """
UPDATE reward_stock SET low_since = CASE WHEN reward = ANY($2::text[]) THEN $3::timestamptz END
WHERE reward = ANY($1::text[]) AND (low_since IS NULL) = (reward = ANY($2::text[])) RETURNING reward
"""
_NOBODY: Final = 0


async def tell_low_stock(session: WriteSession, *, now: datetime) -> None:
    """Note and tell of which rewards no more than their ``low_stock`` is left now, and note of which more is again."""
    programme = await snapshot_in_force(session, now=now)
    if programme is None:
        return
    connection = await driver(session)
    left = await read_left(connection, now=now)
    await limit_by_coupons(connection, left, programme, now=now)
    low = {
        code: (pieces, reward.low_stock)
        for code, reward in programme.rewards.items()
        if not reward.archived
        and reward.low_stock is not None
        and (pieces := left.get(code)) is not None
        and pieces <= reward.low_stock
    }
    changed = [row["reward"] for row in await connection.fetch(_LOCK, list(low))]
    noted = {row["reward"] for row in await connection.fetch(_NOTE, changed, list(low), now)}
    events = [
        RewardRunsLow(member_id=_NOBODY, reward=code, left=pieces, low_stock=limit, noticed_at=now)
        for code, (pieces, limit) in low.items()
        if code in noted
    ]
    await publish(connection, events, now=now)
