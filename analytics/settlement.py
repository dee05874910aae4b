"""Settlement: points that one store issued and another one took as payment, so that the one can pay the other.

It is read from the lots: which lot paid, and where it came from. What a refund put back is taken off again.
"""

from collections import defaultdict
from datetime import datetime
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from analytics.liability import legal_entities
from analytics.point_value import Worth
from kernel.database import ReadSession, driver
from loyalty.accounting.due_flows import DueFlows
from loyalty.accounting.flows import flow_tables
from loyalty.accounting.roll_forward import Basis

Between: TypeAlias = Literal["store", "legal_entity"]

_SPENDS: Final = """, spend (wallet, issued_at, spent_at, points, occurred_at, recorded_at) AS (
    -- Points that lots paid, and that came back to them: both name the sale, or its hold.
    SELECT j.wallet, g.of, coalesce(p.store_id, h.store_id, ''),
           CASE m.kind WHEN 'restored' THEN -m.amount ELSE m.amount END, j.occurred_at, j.recorded_at
    FROM lot_movement AS m
    JOIN journal AS j USING (member_id, entry_no)
    JOIN grouped AS g USING (member_id, lot_no)
    LEFT JOIN purchase AS p ON m.cause_kind = 'purchase' AND p.member_id = m.member_id AND p.purchase_no = m.cause_no
    LEFT JOIN hold AS h ON m.cause_kind = 'hold' AND h.member_id = m.member_id AND h.hold_no = m.cause_no
    WHERE 'redeemed' IN (j.debit, j.credit)
    UNION ALL
    -- Points that came back as a new lot: the refund names the sale.
    SELECT j.wallet, g.of, coalesce(p.store_id, ''), -l.amount, j.occurred_at, j.recorded_at
    FROM lot AS l
    JOIN journal AS j USING (member_id, entry_no)
    JOIN grouped AS g USING (member_id, lot_no)
    LEFT JOIN refund AS r ON l.cause_kind = 'refund'
         AND r.member_id = coalesce(l.origin_member_id, l.member_id) AND r.refund_no = l.cause_no
    LEFT JOIN purchase AS p ON p.member_id = r.member_id AND p.purchase_no = r.purchase_no
    WHERE j.debit = 'redeemed'
    UNION ALL
    -- Points that were not there and became debt: no lot paid them, so that nobody is known to have issued them.
    SELECT j.wallet, '', coalesce(p.store_id, of_refund.store_id, ''),
           CASE j.debit WHEN 'debt' THEN j.amount ELSE -j.amount END, j.occurred_at, j.recorded_at
    FROM journal AS j
    LEFT JOIN purchase AS p ON j.cause_kind = 'purchase' AND p.member_id = j.member_id AND p.purchase_no = j.cause_no
    LEFT JOIN refund AS r ON j.cause_kind = 'refund' AND r.member_id = j.member_id AND r.refund_no = j.cause_no
    LEFT JOIN purchase AS of_refund ON of_refund.member_id = r.member_id AND of_refund.purchase_no = r.purchase_no
    WHERE j.debit IN ('debt', 'redeemed') AND j.credit IN ('debt', 'redeemed')
)
SELECT wallet, issued_at, spent_at, sum(points)::bigint AS points
FROM spend WHERE {at} >= $1 AND {at} < $2
GROUP BY 1, 2, 3 HAVING sum(points) <> 0 AND $9::text = '' ORDER BY 1, 2, 3
"""


class SettlementRow(Struct, frozen=True, kw_only=True):
    """Points of a wallet that ``issued_at`` issued and ``spent_at`` took. Negative: more came back than was spent."""

    wallet: str
    issued_at: str
    """Store or legal entity; empty for points of none: given by staff, moved in, owed."""
    spent_at: str
    """Empty for points that were spent at no store."""
    points: int
    minor: int | None
    """Null where the programme gives points of this wallet no value in money."""


async def settlement(
    session: ReadSession, *, from_at: datetime, until_at: datetime, between: Between, basis: Basis, worth: Worth
) -> list[SettlementRow]:
    """The matrix of the period, ``until_at`` exclusive. Points that stay with who issued them are in it too."""
    connection = await driver(session)
    sql = flow_tables("store") + _SPENDS.format(at="occurred_at" if basis == "business" else "recorded_at")
    found = await connection.fetch(sql, from_at, until_at, *DueFlows().columns, "")
    entities = await legal_entities(connection) if between == "legal_entity" else {}
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in found:
        places = [
            entities.get(row[end], "") if between == "legal_entity" else row[end] for end in ("issued_at", "spent_at")
        ]
        sums[row["wallet"], places[0], places[1]] += row["points"]
    return [
        SettlementRow(
            wallet=wallet, issued_at=issued_at, spent_at=spent_at, points=points, minor=worth.minor(wallet, points)
        )
        for (wallet, issued_at, spent_at), points in sorted(sums.items())
        if points
    ]
