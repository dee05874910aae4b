"""Reading the standings of members, and counting those anew that say nothing yet under the version to stand by."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from kernel.database import Query, Row, fetch_together
from loyalty.ledger.account import Account
from loyalty.tiers.facts import count_anew
from loyalty.tiers.later import later_plans
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
SELECT member_id, tier, period, wallet, points, change_no, paid_at, taken_back_at, kept_points
FROM tier_bonus WHERE member_id = ANY($1::bigint[])
"""
_ENDED = ("merged", "erased")


def standing_queries(plan: TierPlan, member_ids: Collection[int]) -> tuple[Query, ...]:
    """What ``standings_from`` takes the rows of. Where there is nothing to earn, only who stands by which version."""
    asked = (_STANDINGS, _DAYS, _BONUSES) if plan.active else (_STANDINGS,)
    return tuple(Query(sql, (list(member_ids),)) for sql in asked)


async def standings_from(
    connection: "Connection[Record]",
    answers: Sequence[Sequence[Row]],
    accounts: Mapping[int, Account],
    plan: TierPlan,
) -> dict[int, Standing]:
    """A standing for each account that can have one, ready for ``catch_up``: by ``plan``, or by the later one that the
    member stands by already.
    """
    rows, *more = answers
    later = await later_plans(connection, plan.version, {row[1] for row in rows} - {plan.version})
    by_member = {row[0]: row for row in rows}
    standings = {}
    for member_id, account in accounts.items():
        row = by_member.get(member_id)
        own = plan if row is None else later.get(row[1], plan)
        if account.status not in _ENDED and own.active:
            standings[member_id] = Standing(member_id, own) if row is None else _standing(row, own)
    if standings and not more:
        asked = [Query(sql, (list(standings),)) for sql in (_DAYS, _BONUSES)]
        more = list(await fetch_together(connection, *asked))
    if standings:
        _add_facts(standings, *more)
    await _count_stale(connection, standings.values())
    return standings


def _add_facts(standings: Mapping[int, Standing], days: Sequence[Row], bonuses: Sequence[Row]) -> None:
    for member_id, day, *fields in days:
        if member_id in standings:
            standings[member_id].days[day] = Measures(*fields)
    for member_id, tier, period, *fields in bonuses:
        if member_id in standings:
            standings[member_id].bonuses[tier, period] = Bonus(*fields)


async def load_standings(
    connection: "Connection[Record]", accounts: Mapping[int, Account], plan: TierPlan
) -> dict[int, Standing]:
    """The standings of accounts, ready for ``catch_up``; of locked accounts, where they are to be written."""
    if not accounts:
        return {}
    answers = await fetch_together(connection, *standing_queries(plan, accounts.keys()))
    return await standings_from(connection, answers, accounts, plan)


async def _count_stale(connection: "Connection[Record]", standings: Iterable[Standing]) -> None:
    stale = {standing.member_id: standing for standing in standings if standing.is_stale}
    if stale:
        for member_id, days in (await count_anew(connection, stale.keys())).items():
            stale[member_id].replace_days(days)


def _standing(row: Row, plan: TierPlan) -> Standing:
    member_id, *state = row[:10]
    standing = Standing(member_id, plan, *state)
    if row[10] is not None:
        standing.grant = Grant(*row[10:])
    return standing
