"""R1: what rows refer to is there. No foreign key leads out of the ledger's tables, which would cost every sale."""

from typing import Final

from loyalty.verification.invariant import Invariant
from loyalty.verification.reading import Query

MEMBERS: Final = Invariant(
    "R1",
    "Every row about a member has its member.",
    Query("""
SELECT member_id, format('%s rows of %s', rows.total, rows.table_name), 'a member', NULL
FROM (
    SELECT member_id, 'journal' AS table_name, count(*) AS total FROM entries GROUP BY 1
    UNION ALL SELECT member_id, 'lot_movement', count(*) FROM movements GROUP BY 1
    UNION ALL SELECT member_id, 'lot', count(*) FROM lots GROUP BY 1
    UNION ALL SELECT member_id, 'balance', count(*) FROM balances GROUP BY 1
    UNION ALL SELECT member_id, 'hold', count(*) FROM holds GROUP BY 1
    UNION ALL SELECT member_id, 'purchase', count(*) FROM purchases GROUP BY 1
    UNION ALL SELECT member_id, 'refund', count(*) FROM refunds GROUP BY 1
    UNION ALL SELECT member_id, 'redemption', count(*) FROM redemptions GROUP BY 1
    UNION ALL SELECT member_id, 'action', count(*) FROM actions GROUP BY 1
    UNION ALL SELECT member_id, 'ledger_seal', count(*) FROM ledger_seal WHERE member_id BETWEEN $1 AND $2 GROUP BY 1
    UNION ALL SELECT member_id, 'cap_counter', count(*) FROM cap_counter WHERE member_id BETWEEN $1 AND $2 GROUP BY 1
    UNION ALL SELECT member_id, 'invoice', count(*) FROM invoice WHERE member_id BETWEEN $1 AND $2 GROUP BY 1
    UNION ALL SELECT member_id, 'identity', count(*) FROM identity WHERE member_id BETWEEN $1 AND $2 GROUP BY 1
    UNION ALL
    SELECT member_id, 'segment_member', count(*) FROM segment_member WHERE member_id BETWEEN $1 AND $2 GROUP BY 1
    UNION ALL SELECT member_id, 'person', count(*) FROM person WHERE member_id BETWEEN $1 AND $2 GROUP BY 1
    UNION ALL
    SELECT claimed_by, 'guest_receipt', count(*) FROM guest_receipt WHERE claimed_by BETWEEN $1 AND $2 GROUP BY 1
    UNION ALL
    SELECT merged_into, 'member (merged into)', count(*) FROM member WHERE merged_into BETWEEN $1 AND $2 GROUP BY 1
) AS rows
WHERE NOT EXISTS (SELECT FROM member m WHERE m.member_id = rows.member_id)
"""),
)

ENTRIES: Final = Invariant(
    "R1",
    "Every entry that gives or takes points is matched by lots and movements of the same amount and wallet.",
    Query("""
SELECT member_id, 'entry ' || entry_no, format('%s %s', coalesce(e.into_lots, 0), e.wallet),
       format('%s %s', coalesce(p.points, 0), p.wallet)
FROM (SELECT * FROM entries WHERE into_lots <> 0) AS e
FULL JOIN (
    SELECT member_id, entry_no, wallet, sum(points) AS points
    FROM (
        SELECT member_id, entry_no, wallet, amount AS points FROM lots
        UNION ALL
        SELECT m.member_id, m.entry_no, l.wallet, m.into_remaining
        FROM movements AS m JOIN lots AS l USING (member_id, lot_no)
        WHERE m.entry_no IS NOT NULL
    ) AS parts
    GROUP BY 1, 2, 3
) AS p USING (member_id, entry_no)
WHERE (e.into_lots, e.wallet) IS DISTINCT FROM (p.points, p.wallet)
"""),
)

MOVEMENTS: Final = Invariant(
    "R1",
    "Every movement has its lot, and its entry unless it only holds or releases.",
    Query("""
SELECT m.member_id, format('movement %s (%s)', m.movement_no, m.kind), 'lot ' || m.lot_no, NULL
FROM movements AS m
WHERE NOT EXISTS (SELECT FROM lot l WHERE l.member_id = m.member_id AND l.lot_no = m.lot_no)
UNION ALL
SELECT member_id, format('movement %s (%s)', movement_no, kind),
       CASE WHEN kind IN ('held', 'released') THEN 'no entry' ELSE 'an entry' END,
       coalesce('entry ' || entry_no, 'none')
FROM movements
WHERE (entry_no IS NULL) <> (kind IN ('held', 'released'))
"""),
)

CAUSES: Final = Invariant(
    "R1",
    "The purchase, refund, redemption, action or lot that an entry names as its cause exists.",
    Query("""
SELECT e.member_id, format('%s entries', count(*)), format('%s %s', e.cause_kind, e.cause_no), NULL
FROM entries AS e
LEFT JOIN purchase AS p ON e.cause_kind = 'purchase' AND p.member_id = e.member_id AND p.purchase_no = e.cause_no
LEFT JOIN refund AS r ON e.cause_kind = 'refund' AND r.member_id = e.member_id AND r.refund_no = e.cause_no
LEFT JOIN redemption AS d
       ON e.cause_kind = 'redemption' AND d.member_id = e.member_id AND d.redemption_no = e.cause_no
LEFT JOIN action AS a ON e.cause_kind = 'action' AND a.member_id = e.member_id AND a.action_no = e.cause_no
LEFT JOIN lot AS l ON e.cause_kind = 'lot' AND l.member_id = e.member_id AND l.lot_no = e.cause_no
WHERE ((e.cause_kind = 'purchase' AND p.member_id IS NULL) OR (e.cause_kind = 'lot' AND l.member_id IS NULL)
       OR ((e.cause_kind = 'refund' AND r.member_id IS NULL OR e.cause_kind = 'redemption' AND d.member_id IS NULL
            OR e.cause_kind = 'action' AND a.member_id IS NULL)
           AND NOT EXISTS (SELECT FROM merged WHERE merged.member_id = e.member_id)))
GROUP BY e.member_id, e.cause_kind, e.cause_no
"""),
)

SALES: Final = Invariant(
    "R1",
    "Lines and refunds have their purchase, and a purchase its store and the programme version that paid it.",
    Query("""
SELECT l.member_id, format('%s lines', count(*)), 'purchase ' || l.purchase_no, NULL
FROM purchase_lines AS l
WHERE NOT EXISTS (SELECT FROM purchase p WHERE p.member_id = l.member_id AND p.purchase_no = l.purchase_no)
GROUP BY l.member_id, l.purchase_no
UNION ALL
SELECT r.member_id, 'refund ' || r.refund_no, 'purchase ' || r.purchase_no, NULL
FROM refunds AS r
WHERE r.purchase_no IS NOT NULL
  AND NOT EXISTS (SELECT FROM purchase p WHERE p.member_id = r.member_id AND p.purchase_no = r.purchase_no)
UNION ALL
SELECT min(p.member_id), format('%s purchases', count(*)), 'store ' || p.store_id, NULL
FROM purchases AS p WHERE NOT EXISTS (SELECT FROM store s WHERE s.store_id = p.store_id) GROUP BY p.store_id
UNION ALL
SELECT min(p.member_id), format('%s purchases', count(*)), 'programme version ' || p.programme_version, NULL
FROM purchases AS p WHERE NOT EXISTS (SELECT FROM programme_version v WHERE v.version = p.programme_version)
GROUP BY p.programme_version
"""),
)

REDEMPTIONS: Final = Invariant(
    "R1",
    "A redemption has the programme version that says what it is, and the sale that it was used in.",
    Query("""
SELECT min(r.member_id), format('%s redemptions of %s', count(*), r.reward),
       'programme version ' || r.programme_version, NULL
FROM redemptions AS r
WHERE NOT EXISTS (
    SELECT FROM programme_version AS v, jsonb_array_elements(v.document -> 'rewards') AS w
    WHERE v.version = r.programme_version AND w ->> 'code' = r.reward
)
GROUP BY r.reward, r.programme_version
UNION ALL
SELECT r.member_id, 'redemption ' || r.redemption_no,
       format('purchase %s of member %s', r.purchase_no, r.purchase_member_id), r.state
FROM redemptions AS r
WHERE r.purchase_no IS NOT NULL AND (r.state NOT IN ('used', 'refunded')
    OR NOT EXISTS (
        SELECT FROM purchase p WHERE p.member_id = r.purchase_member_id AND p.purchase_no = r.purchase_no
    )
    OR (r.purchase_member_id <> r.member_id AND r.member_id NOT IN (SELECT merged.member_id FROM merged)))
"""),
)

ORIGINS: Final = Invariant(
    "R1",
    "A lot that came from another one names one that exists, in the same wallet.",
    Query("""
SELECT l.member_id, 'lot ' || l.lot_no,
       format('lot %s of member %s, %s', l.origin_lot_no, l.origin_member_id, l.wallet), o.wallet
FROM lots AS l LEFT JOIN lot AS o ON o.member_id = l.origin_member_id AND o.lot_no = l.origin_lot_no
WHERE l.origin_member_id IS NOT NULL AND o.wallet IS DISTINCT FROM l.wallet
"""),
)

INVARIANTS: Final = (MEMBERS, ENTRIES, MOVEMENTS, CAUSES, SALES, REDEMPTIONS, ORIGINS)
