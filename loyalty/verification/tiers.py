"""I10: days are what the facts come to, a tier is their fold, its history leads to it, and a bonus is paid once.

Standings of another version of the programme say nothing yet: they are counted anew when somebody looks.
"""

from collections.abc import AsyncIterator
from typing import Final, NamedTuple

from kernel.database import ReadSession, driver, fetch_together
from loyalty.ledger.account import Account
from loyalty.ledger.loading import read_accounts
from loyalty.tiers.current import current_plan
from loyalty.tiers.facts import count_anew
from loyalty.tiers.keeping import fold_of
from loyalty.tiers.loading import standing_queries, standings_from
from loyalty.tiers.measures import Days, Measures
from loyalty.tiers.plan import TierPlan
from loyalty.tiers.standing import Standing
from loyalty.verification.invariant import Found, Invariant, Scope, Violation, collect
from loyalty.verification.reading import Query

_AT_ONCE: Final = 500
_SETTLED: Final = """
SELECT member_id FROM tier_standing
WHERE member_id BETWEEN $1 AND $2 AND programme_version = $3 AND stale_cause IS NULL ORDER BY member_id LIMIT $4
"""


class _Settled(NamedTuple):
    """A member whose standing speaks of the programme in force, with the days counted from the facts."""

    account: Account
    standing: Standing
    counted: Days
    plan: TierPlan


async def _settled(session: ReadSession, scope: Scope) -> AsyncIterator[_Settled]:
    connection = await driver(session)
    plan = await current_plan(session, now=scope.now)
    first = scope.first_member
    while plan is not None:
        rows = await connection.fetch(_SETTLED, first, scope.last_member, plan.version, _AT_ONCE)
        accounts = await read_accounts(connection, [row["member_id"] for row in rows])
        answers = await fetch_together(connection, *standing_queries(plan, accounts.keys()))
        standings = await standings_from(connection, answers, accounts, plan)
        counted = await count_anew(connection, standings.keys())
        for member_id, standing in standings.items():
            yield _Settled(accounts[member_id], standing, counted[member_id], plan)
        if len(rows) < _AT_ONCE:
            return
        first = rows[-1]["member_id"] + 1


async def _wrong_days(session: ReadSession, scope: Scope, /, *, examples: int) -> Found:
    return await collect(_differing_days(session, scope), examples=examples)


async def _differing_days(session: ReadSession, scope: Scope) -> AsyncIterator[Violation]:
    async for one in _settled(session, scope):
        for day in sorted(one.standing.days.keys() | one.counted.keys()):
            stored, counted = one.standing.days.get(day, Measures()), one.counted.get(day, Measures())
            if _said(stored) != _said(counted):
                yield Violation(one.account.member_id, f"day {day}", _said(counted), _said(stored))


def _said(measures: Measures) -> str:
    """The measures in words, without those that are nothing."""
    points = {wallet: points for wallet, points in sorted(measures.points.items()) if points}
    adjusted = {wallet: points for wallet, points in sorted(measures.adjusted.items()) if points}
    return (
        f"points {points}, adjusted {adjusted}, spend {measures.spend_minor}, purchases {measures.purchases}, "
        f"actions {measures.actions}"
    )


async def _wrong_tiers(session: ReadSession, scope: Scope, /, *, examples: int) -> Found:
    return await collect(_differing_tiers(session, scope), examples=examples)


async def _differing_tiers(session: ReadSession, scope: Scope) -> AsyncIterator[Violation]:
    """As of the last look: what time has done since then is applied by the next."""
    async for account, standing, counted, plan in _settled(session, scope):
        standing.days = counted
        tier = fold_of(standing, account, plan, standing.through).tier
        if standing.grant is not None:
            tier = max(tier, plan.place(standing.grant.tier))
        if plan.code(tier) != account.tier:
            yield Violation(account.member_id, f"tier of {standing.through}", plan.code(tier), account.tier)


DAYS: Final = Invariant("I10", "A day counts for tiers what purchases, refunds and the journal come to.", _wrong_days)

TIERS: Final = Invariant("I10", "A member's tier is the fold of the facts, or what was granted by hand.", _wrong_tiers)

HISTORY: Final = Invariant(
    "I10",
    "Changes of a tier follow each other without gap, each from where the one before led, the last to the member's.",
    Query("""
SELECT s.member_id, 'changes', s.last_change_no::text, count(c.change_no)::text
FROM tier_standing AS s LEFT JOIN tier_change AS c USING (member_id)
WHERE s.member_id BETWEEN $1 AND $2
GROUP BY s.member_id, s.last_change_no
HAVING count(c.change_no) <> s.last_change_no OR coalesce(max(c.change_no), 0) <> s.last_change_no
UNION ALL
SELECT c.member_id, 'change ' || c.change_no, c.from_tier, b.to_tier
FROM tier_change AS c JOIN tier_change AS b ON b.member_id = c.member_id AND b.change_no = c.change_no - 1
WHERE c.member_id BETWEEN $1 AND $2 AND c.from_tier IS DISTINCT FROM b.to_tier
UNION ALL
SELECT m.member_id, 'tier', c.to_tier, m.tier
FROM members AS m JOIN tier_standing AS s USING (member_id)
JOIN tier_change AS c ON c.member_id = m.member_id AND c.change_no = s.last_change_no
WHERE c.to_tier IS DISTINCT FROM m.tier
"""),
)

BONUSES: Final = Invariant(
    "I10",
    "Of the entry bonuses that were paid a member has what was not taken back: one per tier and period.",
    Query("""
SELECT coalesce(b.member_id, e.member_id), 'bonuses in ' || coalesce(b.wallet, e.wallet),
       coalesce(b.points, 0)::text, coalesce(e.points, 0)::text
FROM (
    SELECT member_id, wallet, sum(kept_points + CASE WHEN taken_back_at IS NULL THEN points ELSE 0 END) AS points
    FROM tier_bonus WHERE member_id BETWEEN $1 AND $2 GROUP BY 1, 2
) AS b
FULL JOIN (
    SELECT member_id, wallet, sum(into_lots - into_debt) AS points
    FROM entries WHERE cause_kind = 'tier' AND kind IN ('earned', 'clawed_back') GROUP BY 1, 2
) AS e USING (member_id, wallet)
WHERE coalesce(b.points, 0) <> coalesce(e.points, 0)
  AND NOT EXISTS (SELECT FROM merged AS m WHERE m.member_id = coalesce(b.member_id, e.member_id))
  AND NOT EXISTS (
      SELECT FROM members AS m WHERE m.member_id = coalesce(b.member_id, e.member_id) AND m.status = 'erased')
"""),
)

INVARIANTS: Final = (DAYS, TIERS, HISTORY, BONUSES)
