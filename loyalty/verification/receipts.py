"""I6 and I9: one effect for each natural key and each idempotency key, and none for a refusal."""

from typing import Final

from loyalty.verification.invariant import Invariant
from loyalty.verification.reading import Query

REGISTERED: Final = Invariant(
    "I6",
    "Every purchase and every refund is what its receipt leads to in the registry.",
    Query("""
SELECT f.member_id, format('%s %s, receipt %s', f.kind, f.number_of_kind, f.receipt_key),
       format('%s %s of member %s', f.kind, f.number_of_kind, f.member_id),
       CASE WHEN k.receipt_key IS NULL THEN 'not registered'
            ELSE format('%s %s of member %s', k.kind, k.number_of_kind, k.member_id) END
FROM (
    SELECT member_id, 'purchase' AS kind, purchase_no AS number_of_kind, receipt_key FROM purchases
    UNION ALL
    SELECT member_id, 'refund', refund_no, receipt_key FROM refunds
) AS f
LEFT JOIN receipt_key AS k USING (receipt_key)
WHERE (k.kind, k.member_id, k.number_of_kind) IS DISTINCT FROM (f.kind, f.member_id, f.number_of_kind)
"""),
)

LEADS_SOMEWHERE: Final = Invariant(
    "I6",
    "Every registered purchase and refund exists.",
    Query("""
SELECT k.member_id, 'receipt ' || k.receipt_key, format('%s %s', k.kind, k.number_of_kind), NULL
FROM receipt_key AS k
WHERE k.kind = 'purchase' AND k.member_id BETWEEN $1 AND $2
  AND NOT EXISTS (SELECT FROM purchase p WHERE p.member_id = k.member_id AND p.purchase_no = k.number_of_kind)
UNION ALL
SELECT k.member_id, 'receipt ' || k.receipt_key, format('%s %s', k.kind, k.number_of_kind), NULL
FROM receipt_key AS k
WHERE k.kind = 'refund' AND k.member_id BETWEEN $1 AND $2
  AND NOT EXISTS (SELECT FROM refund r WHERE r.member_id = k.member_id AND r.refund_no = k.number_of_kind)
UNION ALL
SELECT NULL, 'receipt ' || receipt_key, 'a member and a number', 'none'
FROM receipt_key
WHERE kind IN ('purchase', 'refund') AND (member_id IS NULL OR number_of_kind IS NULL)
"""),
)

OUTSIDE_LEDGERS: Final = Invariant(
    "I6",
    "What waits or belongs to a guest is registered as that, and a waiting refund stops waiting when it is applied.",
    Query("""
SELECT k.member_id, format('receipt %s, %s', receipt_key, k.kind),
       CASE WHEN w.receipt_key IS NULL THEN 'no refund that waits' WHEN w.applied_at IS NULL THEN 'waiting'
            ELSE 'refund' END, coalesce(k.kind, 'not registered')
FROM waiting_refund AS w
FULL JOIN (SELECT * FROM receipt_key WHERE kind = 'waiting') AS waiting USING (receipt_key)
LEFT JOIN receipt_key AS k USING (receipt_key)
WHERE k.kind IS DISTINCT FROM CASE WHEN w.receipt_key IS NOT NULL AND w.applied_at IS NULL THEN 'waiting'
                                   WHEN w.receipt_key IS NOT NULL THEN 'refund' END
UNION ALL
SELECT k.member_id, 'guest''s receipt ' || receipt_key, 'registered', coalesce(k.kind, 'not registered')
FROM guest_receipt AS g LEFT JOIN receipt_key AS k USING (receipt_key)
WHERE k.kind IS NULL OR k.kind NOT IN ('guest', 'purchase', 'void')
   OR (k.kind = 'purchase' AND g.claimed_by IS NULL) OR (k.kind = 'guest' AND g.claimed_by IS NOT NULL)
UNION ALL
SELECT NULL, 'receipt ' || receipt_key, 'a guest''s receipt', NULL
FROM receipt_key AS k
WHERE kind = 'guest' AND NOT EXISTS (SELECT FROM guest_receipt g WHERE g.receipt_key = k.receipt_key)
"""),
    needs_all_members=True,
)

ONE_EFFECT_A_KEY: Final = Invariant(
    "I6",
    "No idempotency key has registered two receipts of one kind.",
    Query("""
SELECT NULL::bigint, format('key %s of %s', key, client), 'one ' || kind, format('%s: %s', count(*), min(receipt_key))
FROM receipt_key GROUP BY client, key, kind HAVING count(*) > 1
"""),
    needs_all_members=True,
)

ANSWERED: Final = Invariant(
    "I6",
    "The key under which a receipt first came has its answer.",
    Query("""
SELECT k.member_id, format('receipt %s under key %s of %s', k.receipt_key, k.key, k.client), 'a stored answer', NULL
FROM receipt_key AS k
WHERE NOT EXISTS (SELECT FROM idempotency_key i WHERE i.client = k.client AND i.key = k.key)
"""),
    needs_all_members=True,
)

REFUSED: Final = Invariant(
    "I9",
    "A request that was refused has left no receipt.",
    Query("""
SELECT k.member_id, format('receipt %s under key %s of %s', k.receipt_key, k.key, k.client), 'none',
       format('%s, answered with %s', k.kind, i.status)
FROM idempotency_key AS i JOIN receipt_key AS k USING (client, key)
WHERE i.status >= 400
"""),
    needs_all_members=True,
)

STORED: Final = Invariant(
    "I9",
    "Stored are answers of success and the refusals 404, 409 and 422, with their bytes.",
    Query("""
SELECT NULL::bigint, format('key %s of %s', key, client), '2xx, 404, 409 or 422, with its bytes',
       format('%s with %s', status, coalesce(length(outcome) || ' bytes', 'nothing'))
FROM idempotency_key
WHERE NOT (status BETWEEN 200 AND 299 OR (status IN (404, 409, 422) AND outcome IS NOT NULL))
"""),
    needs_all_members=True,
)

INVARIANTS: Final = (REGISTERED, LEADS_SOMEWHERE, OUTSIDE_LEDGERS, ONE_EFFECT_A_KEY, ANSWERED, REFUSED, STORED)
