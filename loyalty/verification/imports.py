"""M1: what was moved in is what the ledger says was."""

from typing import Final

from loyalty.imports.deliveries import MOST_FAULTS
from loyalty.verification.invariant import Invariant
from loyalty.verification.reading import Query

REGISTERED: Final = Invariant(
    "M1",
    "Every lot that an import brought is registered once, and every registered lot is there.",
    Query("""
SELECT coalesce(l.member_id, i.member_id), 'lot ' || coalesce(l.lot_no, i.lot_no),
       coalesce('import ' || i.import_id, 'not registered'), coalesce('import ' || l.cause_no, 'no lot')
FROM (SELECT * FROM lots WHERE cause_kind = 'import') AS l
FULL JOIN (SELECT * FROM imported_lot WHERE member_id BETWEEN $1 AND $2) AS i
  ON i.member_id = l.member_id AND i.lot_no = l.lot_no
LEFT JOIN import_run AS r ON r.import_id = l.cause_no
WHERE l.cause_no IS DISTINCT FROM i.import_id
  AND NOT (i.import_id IS NULL AND r.status IN ('reversed', 'partly_reversed') AND l.remaining = 0)
"""),
)

COUNTED: Final = Invariant(
    "M1",
    "An import's points are those that its entries credit.",
    Query("""
SELECT NULL::bigint, format('%s of import %s', coalesce(c.wallet, j.wallet), coalesce(c.import_id, j.cause_no)),
       coalesce(c.points, 0)::text, coalesce(j.points, 0)::text
FROM (
    SELECT r.import_id, p.key AS wallet, p.value::bigint AS points
    FROM import_run AS r, jsonb_each_text(r.counts -> 'points') AS p
) AS c
FULL JOIN (
    SELECT cause_no, wallet, sum(amount) AS points FROM journal
    WHERE cause_kind = 'import' AND debit = 'migrated' GROUP BY 1, 2
) AS j ON j.cause_no = c.import_id AND j.wallet = c.wallet
WHERE coalesce(c.points, 0) <> coalesce(j.points, 0)
"""),
    needs_all_members=True,
)

MADE: Final = Invariant(
    "M1",
    "Every member whom an import made exists, and so does the import.",
    Query("""
SELECT i.member_id, 'member of import ' || i.import_id, 'a member and an import', NULL
FROM imported_member AS i
WHERE i.member_id BETWEEN $1 AND $2
  AND (NOT EXISTS (SELECT FROM member m WHERE m.member_id = i.member_id)
       OR NOT EXISTS (SELECT FROM import_run r WHERE r.import_id = i.import_id))
"""),
)

SENT: Final = Invariant(
    "M1",
    "What staff sent belongs to a delivery that has not been applied, and what was applied names its import.",
    Query(f"""
SELECT NULL::bigint, format('file %s of delivery %s', f.name, f.delivery_id), 'a delivery to be applied', d.state
FROM import_file AS f LEFT JOIN import_delivery AS d USING (delivery_id)
WHERE d.state IS NULL OR d.state IN ('applied', 'reversing', 'reversed')
UNION ALL
SELECT NULL, 'delivery ' || d.delivery_id, 'import ' || d.import_id, NULL
FROM import_delivery AS d
WHERE d.import_id IS NOT NULL AND NOT EXISTS (SELECT FROM import_run r WHERE r.import_id = d.import_id)
UNION ALL
SELECT NULL, 'faults of delivery ' || d.delivery_id, d.problems::text, count(f.fault_no)::text
FROM import_delivery AS d FULL JOIN import_fault AS f USING (delivery_id)
GROUP BY d.delivery_id, d.problems
HAVING d.delivery_id IS NULL OR least(d.problems, {MOST_FAULTS}) <> count(f.fault_no)
"""),  # noqa: S608 - a number of ours
    needs_all_members=True,
)


RECEIPTS: Final = Invariant(
    "M1",
    "A receipt that moved in is a purchase of an import, is flagged as such, and was paid nothing.",
    Query("""
SELECT member_id, 'purchase ' || purchase_no,
       CASE WHEN r.import_id IS NULL THEN 'no receipt that moved in' ELSE 'flagged, paid nothing' END,
       CASE WHEN p.purchase_no IS NULL THEN 'no purchase' ELSE format('flags %s, earned %s', p.flags, p.earned) END
FROM (SELECT * FROM purchases WHERE flags ? 'imported') AS p
FULL JOIN (SELECT i.member_id, i.purchase_no, i.import_id FROM imported_receipt AS i
           JOIN import_run USING (import_id) WHERE i.member_id BETWEEN $1 AND $2) AS r USING (member_id, purchase_no)
WHERE r.import_id IS NULL OR p.purchase_no IS NULL OR p.earned <> '{}' OR p.points_spent <> 0
"""),
)

RECEIPTS_COUNTED: Final = Invariant(
    "M1",
    "An import that stands brought as many receipts as it says.",
    Query("""
SELECT NULL::bigint, 'receipts of import ' || r.import_id, coalesce(r.counts ->> 'receipts_new', '0'),
       count(i.member_id)::text
FROM import_run AS r LEFT JOIN imported_receipt AS i USING (import_id)
WHERE r.status = 'applied'
GROUP BY r.import_id HAVING count(i.member_id) <> coalesce((r.counts ->> 'receipts_new')::bigint, 0)
"""),
    needs_all_members=True,
)

INVARIANTS: Final = (REGISTERED, COUNTED, MADE, SENT, RECEIPTS, RECEIPTS_COUNTED)
