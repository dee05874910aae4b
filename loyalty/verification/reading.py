"""Invariants that are queries, and the names over which they are written."""

from dataclasses import dataclass
from typing import Final

from kernel.database import ReadSession, driver
from loyalty.verification.invariant import Found, Scope, Violation

_NAMES: Final = """
WITH scope (first_member, last_member, instant, delivered_until) AS (
    SELECT $1::bigint, $2::bigint, $3::timestamptz, $4::timestamptz
), members AS NOT MATERIALIZED (
    SELECT * FROM member WHERE member_id BETWEEN $1 AND $2
), balances AS NOT MATERIALIZED (
    SELECT * FROM balance WHERE member_id BETWEEN $1 AND $2
), entries AS NOT MATERIALIZED (
    SELECT *, amount * ((credit = 'member')::int - (debit = 'member')::int) AS into_lots,
           amount * ((debit = 'debt')::int - (credit = 'debt')::int) AS into_debt
    FROM journal WHERE member_id BETWEEN $1 AND $2
), lots AS NOT MATERIALIZED (
    SELECT * FROM lot WHERE member_id BETWEEN $1 AND $2
), movements AS NOT MATERIALIZED (
    SELECT *,
           CASE WHEN kind = 'restored' THEN amount
                WHEN kind IN ('spent', 'captured', 'expired', 'clawed', 'repaid', 'transferred') THEN -amount
                ELSE 0 END AS into_remaining,
           CASE WHEN kind = 'held' THEN amount WHEN kind IN ('released', 'captured') THEN -amount ELSE 0 END AS
           into_held
    FROM lot_movement WHERE member_id BETWEEN $1 AND $2
), holds AS NOT MATERIALIZED (
    SELECT * FROM hold WHERE member_id BETWEEN $1 AND $2
), purchases AS NOT MATERIALIZED (
    SELECT * FROM purchase WHERE member_id BETWEEN $1 AND $2
), purchase_lines AS NOT MATERIALIZED (
    SELECT * FROM purchase_line WHERE member_id BETWEEN $1 AND $2
), refunds AS NOT MATERIALIZED (
    SELECT * FROM refund WHERE member_id BETWEEN $1 AND $2
), redemptions AS NOT MATERIALIZED (
    SELECT * FROM redemption WHERE member_id BETWEEN $1 AND $2
), actions AS NOT MATERIALIZED (
    SELECT * FROM action WHERE member_id BETWEEN $1 AND $2
), merged (member_id) AS NOT MATERIALIZED (
    SELECT member_id FROM member WHERE merged_into IS NOT NULL
    UNION SELECT merged_into FROM member WHERE merged_into IS NOT NULL
), violation (member_id, what, expected, found) AS (
"""
"""``scope`` and the tables within it. Entries and movements carry their signed effects: ``into_lots``, ``into_debt``
and ``into_remaining``, ``into_held``. ``merged``: both sides of every merge; the numbers of a purchase, refund or
action of the one that went are not numbers of the other, in whose ledger they may stand.
"""
_COUNTED: Final = """
)
SELECT member_id, what, expected, found, count(*) OVER () AS total FROM violation ORDER BY member_id, what LIMIT $5
"""


@dataclass(frozen=True, slots=True)
class Query:
    """A query that selects (member_id, what, expected, found) of each violation, over the names above.

    $1 to $5 are taken: first and last member, now, the instant until which everything is delivered, and the limit.
    """

    sql: str

    async def __call__(self, session: ReadSession, scope: Scope, /, *more: object, examples: int) -> Found:
        """Run it; ``more`` are its own parameters, from $6 on."""
        rows = await (await driver(session)).fetch(
            _NAMES + self.sql + _COUNTED,
            scope.first_member,
            scope.last_member,
            scope.now,
            scope.now - scope.delivery_patience,
            max(1, examples),
            *more,
        )
        violations = [Violation(row["member_id"], row["what"], row["expected"], row["found"]) for row in rows]
        return Found(rows[0]["total"] if rows else 0, violations[:examples])
