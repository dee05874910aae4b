"""Counting a member's days from the facts themselves: purchases, refunds, actions and the journal.

What is stored in ``tier_day`` is this fold, kept while facts come in. It is counted anew for members who have none yet,
after a programme without tiers, and by ``comeback verify``.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

from loyalty.tiers.measures import Days, Measures, add_to

if TYPE_CHECKING:
    from asyncpg import Connection, Record

COUNTED = """
WITH RECURSIVE family (root, member_id, zone) AS (
    SELECT member_id, member_id, zone FROM member WHERE member_id = ANY($1::bigint[])
    UNION
    SELECT f.root, m.member_id, m.zone FROM family f JOIN member m ON m.merged_into = f.member_id
), sales AS (
    SELECT f.root, p.member_id, p.purchase_no, p.total_minor, p.earned,
           (p.evaluation -> 'purchase' ->> 'local_date')::date AS day
    FROM family f JOIN purchase p USING (member_id) WHERE p.evaluation ? 'purchase'
), returns AS (
    SELECT f.root, coalesce(s.day, r.local_date) AS day, r.amount_minor, r.effect
    FROM family f JOIN refund r USING (member_id)
    LEFT JOIN sales s ON s.root = f.root AND s.member_id = r.member_id AND s.purchase_no = r.purchase_no
    WHERE r.purchase_no IS NULL OR s.day IS NOT NULL
), entries AS (
    SELECT f.root, (j.occurred_at AT TIME ZONE f.zone)::date AS day, j.*
    FROM family f JOIN journal j USING (member_id)
    WHERE j.kind = 'adjusted'
), deeds AS (
    SELECT f.root, a.local_date AS day, a.earned, a.effect, a.reversed_at
    FROM family f JOIN action a USING (member_id)
    WHERE EXISTS (SELECT FROM jsonb_each_text(a.earned) AS e WHERE e.value <> '0')
), counted (root, day, measure, wallet, amount) AS (
    SELECT root, day, 'spend_minor', '', total_minor FROM sales
    UNION ALL SELECT root, day, 'spend_minor', '', -amount_minor FROM returns
    UNION ALL
    SELECT root, day, 'purchases', '', 1 FROM sales AS s
    WHERE EXISTS (SELECT FROM purchase_line l WHERE l.member_id = s.member_id AND l.purchase_no = s.purchase_no
                  AND l.refunded_quantity < l.quantity)
    UNION ALL SELECT root, day, 'points', w.key, w.value::bigint FROM sales, jsonb_each_text(earned) AS w
    UNION ALL
    SELECT root, day, 'points', e ->> 'wallet', -(e ->> 'taken')::bigint FROM returns, jsonb_array_elements(effect) AS e
    UNION ALL
    SELECT root, day, 'adjusted', wallet, amount * ((debit = 'adjusted')::int - (credit = 'adjusted')::int)
    FROM entries WHERE 'adjusted' IN (debit, credit)
    UNION ALL
    SELECT root, day, 'points', w.key, w.value::bigint FROM deeds, jsonb_each_text(earned) AS w
    UNION ALL
    SELECT root, day, 'points', e ->> 'wallet', -(e ->> 'taken')::bigint
    FROM deeds, jsonb_array_elements(coalesce(effect, '[]')) AS e
    UNION ALL SELECT root, day, 'actions', '', 1 FROM deeds WHERE reversed_at IS NULL
)
SELECT root, day, measure, wallet, sum(amount)::bigint FROM counted GROUP BY 1, 2, 3, 4 HAVING sum(amount) <> 0
"""


async def count_anew(connection: "Connection[Record]", member_ids: Collection[int]) -> dict[int, Days]:
    """The days of surviving members with those who were merged into them; locked, where they are to be written."""
    days: dict[int, Days] = {member_id: {} for member_id in member_ids}
    for member_id, day, measure, wallet, amount in await connection.fetch(COUNTED, list(member_ids)):
        add_to(days[member_id], day, _measures(measure, wallet, amount))
    return days


def _measures(measure: str, wallet: str, amount: int) -> Measures:
    match measure:
        case "points":
            return Measures(points={wallet: amount})
        case "adjusted":
            return Measures(adjusted={wallet: amount})
        case "spend_minor":
            return Measures(spend_minor=amount)
        case "purchases":
            return Measures(purchases=amount)
        case _:
            return Measures(actions=amount)
