"""The names over which the invariants' queries are written, and running such a query."""

from typing import TYPE_CHECKING, Final, NamedTuple

from loyalty.verification.invariant import Scope, Violation

if TYPE_CHECKING:
    from asyncpg import Connection, Record

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
           CASE WHEN kind = 'held' THEN amount WHEN kind IN ('released', 'captured') THEN -amount ELSE 0 END AS into_held
    FROM lot_movement WHERE member_id BETWEEN $1 AND $2
), holds AS NOT MATERIALIZED (
    SELECT * FROM hold WHERE member_id BETWEEN $1 AND $2
), purchases AS NOT MATERIALIZED (
    SELECT * FROM purchase WHERE member_id BETWEEN $1 AND $2
), purchase_lines AS NOT MATERIALIZED (
    SELECT * FROM purchase_line WHERE member_id BETWEEN $1 AND $2
), refunds AS NOT MATERIALIZED (
    SELECT * FROM refund WHERE member_id BETWEEN $1 AND $2
), merged (member_id) AS NOT MATERIALIZED (
    SELECT member_id FROM member WHERE merged_into IS NOT NULL
    UNION SELECT merged_into FROM member WHERE merged_into IS NOT NULL
), violation (member_id, what, expected, found) AS (
"""
"""``scope`` and the tables within it. Entries and movements carry their signed effects: ``into_lots``, ``into_debt``
and ``into_remaining``, ``into_held``. ``merged``: both sides of every merge; the numbers of a purchase or refund of the
one that went are not numbers of the other, in whose ledger they may stand.
"""
_COUNTED: Final = """
)
SELECT member_id, what, expected, found, count(*) OVER () AS total FROM violation ORDER BY member_id, what LIMIT $5
"""


class Found(NamedTuple):
    """How many violations there are, and the first of them."""

    total: int
    examples: list[Violation]


async def run_query(connection: "Connection[Record]", sql: str, scope: Scope, *, examples: int) -> Found:
    """Run an invariant's query; at least one example is read."""
    rows = await connection.fetch(
        _NAMES + sql + _COUNTED,
        scope.first_member,
        scope.last_member,
        scope.now,
        scope.now - scope.delivery_patience,
        max(1, examples),
    )
    violations = [Violation(row["member_id"], row["what"], row["expected"], row["found"]) for row in rows]
    return Found(rows[0]["total"] if rows else 0, violations[:examples])
