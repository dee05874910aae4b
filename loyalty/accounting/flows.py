"""The ledger as flows: points that come into members' lots and leave them, told by what the lot is. SQL, and pure.

A flow's ``account`` is the other side of its journal entry: issued, redeemed, expired, debt and so on. Its ``points``
are signed. Pending and held points are owed like any other, so that the sum of all flows is what lots hold. What
members owe is no part of it.
"""

from typing import Final, Literal, TypeAlias

Grouping: TypeAlias = Literal["", "store", "expiry_month"]
"""By what of a lot flows are told apart: nothing, the store that issued it, the local month of its last day."""

_GROUPED_LOTS: Final[dict[Grouping, str]] = {
    "store": """
origin (member_id, lot_no, from_member_id, from_lot_no) AS (
    SELECT member_id, lot_no, origin_member_id, origin_lot_no FROM lot WHERE origin_member_id IS NOT NULL
    UNION ALL
    SELECT o.member_id, o.lot_no, l.origin_member_id, l.origin_lot_no
    FROM origin AS o JOIN lot AS l ON l.member_id = o.from_member_id AND l.lot_no = o.from_lot_no
    WHERE l.origin_member_id IS NOT NULL
), grouped (member_id, lot_no, of) AS (
    SELECT l.member_id, l.lot_no, coalesce(p.store_id, '')
    FROM lot AS l
    LEFT JOIN purchase AS p ON l.cause_kind = 'purchase' AND p.member_id = l.member_id AND p.purchase_no = l.cause_no
    WHERE l.origin_member_id IS NULL
    UNION ALL
    SELECT o.member_id, o.lot_no, coalesce(p.store_id, '')
    FROM origin AS o
    JOIN lot AS l ON l.member_id = o.from_member_id AND l.lot_no = o.from_lot_no AND l.origin_member_id IS NULL
    LEFT JOIN purchase AS p ON l.cause_kind = 'purchase' AND p.member_id = l.member_id AND p.purchase_no = l.cause_no
)""",
    "expiry_month": """grouped (member_id, lot_no, of) AS (
    SELECT l.member_id, l.lot_no, coalesce(to_char(timezone($9, CASE
        WHEN l.expiry ->> 'kind' IN ('sliding_days', 'sliding_months') THEN b.sliding_expires_at ELSE l.expires_at
    END - interval '1 microsecond'), 'YYYY-MM'), '')
    FROM lot AS l LEFT JOIN balance AS b ON b.member_id = l.member_id AND b.wallet = l.wallet
)""",
}
_GROUPED_FLOWS: Final = """, part (member_id, entry_no, lot_no, wallet, points) AS (
    SELECT member_id, entry_no, lot_no, wallet, amount FROM lot
    UNION ALL
    SELECT m.member_id, m.entry_no, m.lot_no, NULL, CASE m.kind WHEN 'restored' THEN m.amount ELSE -m.amount END
    FROM lot_movement AS m WHERE m.entry_no IS NOT NULL
), flow (wallet, of, account, points, occurred_at, recorded_at) AS (
    SELECT j.wallet, g.of, CASE j.credit WHEN 'member' THEN j.debit ELSE j.credit END, p.points, j.occurred_at,
           j.recorded_at
    FROM part AS p JOIN journal AS j USING (member_id, entry_no) JOIN grouped AS g USING (member_id, lot_no)
    UNION ALL
    SELECT d.wallet, coalesce(g.of, ''), d.account, -d.points, d.occurred_at, NULL
    FROM due AS d LEFT JOIN grouped AS g USING (member_id, lot_no)
)"""
_PLAIN_FLOWS: Final = """flow (wallet, of, account, points, occurred_at, recorded_at) AS (
    SELECT wallet, '', CASE credit WHEN 'member' THEN debit ELSE credit END,
           CASE credit WHEN 'member' THEN amount ELSE -amount END, occurred_at, recorded_at
    FROM journal WHERE 'member' IN (debit, credit)
    UNION ALL
    SELECT wallet, '', account, -points, occurred_at, NULL FROM due
)"""
_DUE: Final = """due (member_id, lot_no, wallet, account, points, occurred_at) AS (
    SELECT * FROM unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::timestamptz[])
)"""


def flow_tables(by: Grouping) -> str:
    """A WITH clause that ends in ``flow (wallet, of, account, points, occurred_at, recorded_at)``.

    It uses $3 to $8, what is due and not booked (``DueFlows.columns``), and $9, the zone of months.
    Flows of lots alone and of the journal alone are the same sums (invariant R1); without a grouping the journal is
    read, which is the faster.
    """
    if not by:
        return f"WITH {_DUE}, {_PLAIN_FLOWS}"
    return f"WITH RECURSIVE {_DUE}, {_GROUPED_LOTS[by]}{_GROUPED_FLOWS}"
