"""Reading the standings of members, and counting those anew that say nothing under the programme in force."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from kernel.database import Query, Row, fetch_together
from loyalty.ledger.account import Account
from loyalty.tiers.facts import count_anew
from loyalty.tiers.measures import Measures
from loyalty.tiers.plan import TierPlan
from loyalty.tiers.standing import Bonus, Grant, Standing

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_STANDINGS = """
SELECT member_id, programme_version, stale_cause, through, since, falls_at, falls_to, next_look_at, warned_of,
       last_change_no, granted_tier, granted_until, grant_reason, granted_by, granted_at
FROM tier_standing WHERE member_id = ANY($1::bigint[])
"""
_DAYS = """
SELECT member_id, day, points, adjusted, spend_minor, purchases, actions
FROM tier_day WHERE member_id = ANY($1::bigint[])
"""
_BONUSES = """
SELECT member_id, tier, period, wallet, points, change_no, paid_at, taken_back_at
FROM tier_bonus WHERE member_id = ANY($1::bigint[])
"""
_ENDED = ("merged", "erased")


def standing_queries(plan: TierPlan, member_ids: Collection[int]) -> tuple[Query, ...]:
    """What ``standings_from`` takes the rows of; nothing where there is nothing to earn."""
    if not plan.active:
        return ()
    return tuple(Query(sql, (list(member_ids),)) for sql in (_STANDINGS, _DAYS, _BONUSES))


async def standings_from(
    connection: "Connection[Record]",
    answers: Sequence[Sequence[Row]],
    accounts: Mapping[int, Account],
    plan: TierPlan,
) -> dict[int, Standing]:
    """A standing for each account that can have one, ready for ``catch_up``."""
    if not plan.active:
        return {}
    rows, days, bonuses = answers
    standings = {member_id: Standing(member_id) for member_id in accounts}
    for row in rows:
        standings[row[0]] = _standing(row)
    for member_id, day, *fields in days:
        standings[member_id].days[day] = Measures(*fields)
    for member_id, tier, period, *fields in bonuses:
        standings[member_id].bonuses[tier, period] = Bonus(*fields)
    standings = {
        member_id: standing for member_id, standing in standings.items() if accounts[member_id].status not in _ENDED
    }
    await _count_stale(connection, standings.values(), plan)
    return standings


async def load_standings(
    connection: "Connection[Record]", accounts: Mapping[int, Account], plan: TierPlan
) -> dict[int, Standing]:
    """The standings of accounts, ready for ``catch_up``; of locked accounts, where they are to be written."""
    if not plan.active or not accounts:
        return {}
    answers = await fetch_together(connection, *standing_queries(plan, accounts.keys()))
    return await standings_from(connection, answers, accounts, plan)


async def _count_stale(connection: "Connection[Record]", standings: Iterable[Standing], plan: TierPlan) -> None:
    stale = {standing.member_id: standing for standing in standings if standing.is_stale(plan.version)}
    if stale:
        for member_id, days in (await count_anew(connection, stale.keys())).items():
            stale[member_id].replace_days(days)


def _standing(row: Row) -> Standing:
    standing = Standing(*row[:10])
    if row[10] is not None:
        standing.grant = Grant(*row[10:])
    return standing
