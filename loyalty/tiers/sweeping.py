"""Applying what time does to tiers of members whom nobody touches.

Every write and every read applies it anyway, so that whether this runs late, early, twice or never changes no answer.
It lets others know: of tiers that changed, and of those that are about to fall.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from kernel.database import WriteSession, driver
from loyalty.ledger.due import apply_due
from loyalty.ledger.loading import lock_accounts
from loyalty.ledger.writing import write_accounts
from loyalty.tiers.current import current_plan
from loyalty.tiers.keeping import catch_up
from loyalty.tiers.later import LATER
from loyalty.tiers.loading import load_standings
from loyalty.tiers.plan import TierPlan
from loyalty.tiers.writing import write_standings

_DUE = f"""
WITH ahead AS (SELECT later.version {LATER} WHERE own.version = $2)
(SELECT member_id FROM tier_standing WHERE next_look_at <= $1 ORDER BY next_look_at LIMIT $3)
UNION (SELECT member_id FROM tier_standing
       WHERE programme_version < $2 AND programme_version NOT IN (TABLE ahead) LIMIT $3)
UNION (SELECT member_id FROM tier_standing
       WHERE programme_version > $2 AND programme_version NOT IN (TABLE ahead) LIMIT $3)
LIMIT $3
"""  # noqa: S608 - our tables
_WITHOUT = """
SELECT m.member_id FROM member m
WHERE m.member_id > $1 AND m.status IN ('active', 'blocked')
  AND NOT EXISTS (SELECT FROM tier_standing s WHERE s.member_id = m.member_id)
ORDER BY m.member_id LIMIT $2
"""


@dataclass(frozen=True, slots=True)
class PlacingStep:
    """How many members have got their first standing, and after whom to go on."""

    handled: int
    last_member_id: int | None


async def sweep_tiers(session: WriteSession, *, now: datetime, limit: int) -> int:
    """Bring at most ``limit`` standings up to date that time or another version of the programme has changed.

    Members whom somebody else has locked are passed over: whoever holds them does it too, or the next run. Answers how
    many it was.
    """
    plan = await current_plan(session, now=now)
    if plan is None:
        return 0
    due = await (await driver(session)).fetch(_DUE, now, plan.version, limit)
    return await _bring_up_to_date(session, [row["member_id"] for row in due], plan, now=now)


async def place_members(session: WriteSession, *, now: datetime, limit: int, after: int) -> PlacingStep:
    """Give the next ``limit`` members who have no standing yet their first one, counted from all that they did."""
    plan = await current_plan(session, now=now)
    if plan is None:
        return PlacingStep(0, None)
    found = [row["member_id"] for row in await (await driver(session)).fetch(_WITHOUT, after, limit)]
    handled = await _bring_up_to_date(session, found, plan, now=now)
    return PlacingStep(handled, found[-1] if len(found) == limit else None)


async def _bring_up_to_date(
    session: WriteSession, member_ids: Collection[int], plan: TierPlan, *, now: datetime
) -> int:
    connection = await driver(session)
    accounts = await lock_accounts(connection, member_ids, now=now, skip_locked=True)
    standings = await load_standings(connection, accounts, plan)
    for member_id, standing in standings.items():
        apply_due(accounts[member_id], now)
        catch_up(standing, accounts[member_id], now=now)
    await write_accounts(connection, [account for account in accounts.values() if account.is_changed])
    await write_standings(connection, standings.values(), now=now)
    return len(standings)
