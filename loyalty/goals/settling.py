"""Looking at goals that are paid at the end, once their period is over and its return window too."""

from collections import defaultdict
from datetime import datetime
from typing import Final

from kernel.database import WriteSession, driver
from loyalty.goals.declared import declared_goals
from loyalty.goals.keeping import act_on
from loyalty.goals.periods import period_named
from loyalty.goals.reviewing import Settlement, review_goals
from loyalty.ledger.forwarding import lock_survivors

_DUE: Final = """
SELECT member_id, goal, period, due_at FROM goal_due WHERE due_at <= $1 ORDER BY due_at, member_id LIMIT $2
"""
_DONE: Final = """
DELETE FROM goal_due AS d USING unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[])
  AS done (member_id, goal, period, due_at)
WHERE (d.member_id, d.goal, d.period, d.due_at) = (done.member_id, done.goal, done.period, done.due_at)
"""


async def settle_goals(session: WriteSession, *, now: datetime, limit: int) -> int:
    """Settle at most ``limit`` periods that are due; answers how many it was.

    One that a late receipt makes due again meanwhile is looked at again.
    """
    connection = await driver(session)
    rows = await connection.fetch(_DUE, now, limit)
    if not rows:
        return 0
    goals = await declared_goals(connection)
    accounts, owners = await lock_survivors(connection, {row["member_id"] for row in rows})
    settling: defaultdict[int, list[Settlement]] = defaultdict(list)
    for row in rows:
        settlement = Settlement(row["goal"], period_named(row["period"]), row["due_at"])
        settling[owners[row["member_id"]]].append(settlement)
    reviews = [
        await review_goals(session, member_id, goals, periods=(), settling=settling[member_id])
        for member_id in sorted(settling)
        if accounts[member_id].status != "erased"
    ]
    await act_on(session, reviews, now=now)
    await connection.execute(_DONE, *([row[place] for row in rows] for place in range(4)))
    return len(rows)
