"""I8: nothing gives back more than it took, and sales, refunds and the journal tell the same numbers."""

from typing import Final

from loyalty.verification.invariant import Invariant
from loyalty.verification.reading import Query

EARNED: Final = Invariant(
    "I8",
    "What a purchase says it earned is what the journal credited for it.",
    Query("""
SELECT member_id, format('purchase %s, %s', purchase_no, wallet), said.points::text, credited.points::text
FROM (
    SELECT member_id, purchase_no, e.key AS wallet, e.value::bigint AS points
    FROM purchases, jsonb_each_text(earned) AS e WHERE e.value <> '0'
) AS said
FULL JOIN (
    SELECT member_id, cause_no AS purchase_no, wallet, sum(into_lots) AS points
    FROM entries WHERE kind = 'earned' AND cause_kind = 'purchase' GROUP BY 1, 2, 3
) AS credited USING (member_id, purchase_no, wallet)
WHERE said.points IS DISTINCT FROM credited.points
"""),
)

SPENT: Final = Invariant(
    "I8",
    "What a purchase says was spent on it is what the journal debited for it: from lots, and as debt.",
    Query("""
SELECT member_id, 'purchase ' || purchase_no,
       format('%s from lots, %s owed', coalesce(p.points_spent - p.points_owed - p.points_unpaid, 0),
              coalesce(p.points_owed, 0)),
       format('%s from lots, %s owed', coalesce(j.from_lots, 0), coalesce(j.owed, 0))
FROM (SELECT * FROM purchases WHERE points_spent <> 0) AS p
FULL JOIN (
    SELECT member_id, cause_no AS purchase_no, -sum(into_lots) AS from_lots, sum(into_debt) AS owed
    FROM entries WHERE kind = 'spent' AND cause_kind = 'purchase' GROUP BY 1, 2
) AS j USING (member_id, purchase_no)
WHERE (coalesce(p.points_spent - p.points_owed - p.points_unpaid, 0), coalesce(p.points_owed, 0))
      <> (coalesce(j.from_lots, 0), coalesce(j.owed, 0))
"""),
)

TAKEN_BACK: Final = Invariant(
    "I8",
    "Refunds take back no more than was earned and never give of it, and return no more than was spent.",
    Query("""
SELECT member_id, format('refunds of purchase %s, %s', purchase_no, wallet),
       format('taken 0 to %s, returned 0 to %s', earned_points, spent_points),
       format('taken %s, the least %s, returned %s', taken, least_taken, returned)
FROM (
    SELECT r.member_id, r.purchase_no, e.wallet, sum(e.taken) AS taken, min(e.taken) AS least_taken,
           sum(e.returned) AS returned,
           max(coalesce((p.earned ->> e.wallet)::bigint, 0)) AS earned_points,
           max(CASE WHEN p.spent_wallet = e.wallet THEN p.points_spent - p.points_unpaid ELSE 0 END) AS spent_points
    FROM refunds AS r
    JOIN purchases AS p USING (member_id, purchase_no),
         jsonb_to_recordset(r.effect) AS e (wallet text, taken bigint, returned bigint)
    GROUP BY 1, 2, 3
) AS sums
WHERE NOT (taken BETWEEN 0 AND earned_points AND least_taken >= 0 AND returned BETWEEN 0 AND spent_points)
"""),
)

REFUNDS: Final = Invariant(
    "I8",
    "What a refund says it took and returned is what the journal moved for it.",
    Query("""
SELECT member_id, format('refund %s, %s', refund_no, wallet),
       format('taken %s, returned %s', coalesce(said.taken, 0), coalesce(said.returned, 0)),
       format('taken %s, returned %s', coalesce(moved.taken, 0), coalesce(moved.returned, 0))
FROM (
    SELECT r.member_id, r.refund_no, e.wallet, e.returned,
           coalesce(e.from_lots, 0) + coalesce(e.owed, 0) + coalesce(e.written_off, 0) AS taken
    FROM refunds AS r,
         jsonb_to_recordset(r.effect)
         AS e (wallet text, from_lots bigint, owed bigint, written_off bigint, returned bigint)
) AS said
FULL JOIN (
    SELECT member_id, cause_no AS refund_no, wallet,
           coalesce(sum(amount) FILTER (WHERE kind = 'clawed_back'), 0) AS taken,
           coalesce(sum(amount) FILTER (WHERE kind = 'restored'), 0) AS returned
    FROM entries WHERE cause_kind = 'refund' GROUP BY 1, 2, 3
) AS moved USING (member_id, refund_no, wallet)
WHERE (coalesce(said.taken, 0), coalesce(said.returned, 0)) <> (coalesce(moved.taken, 0), coalesce(moved.returned, 0))
  AND NOT EXISTS (SELECT FROM merged WHERE merged.member_id = said.member_id OR merged.member_id = moved.member_id)
"""),
)
"""A refund for a member who was merged has its entries in the survivor's journal, where its number is not unique."""

EFFECTS: Final = Invariant(
    "I8",
    "All that a refund took was found somewhere: in lots, forgiven, owed, written off or left to the cash.",
    Query("""
SELECT r.member_id, format('refund %s, %s', r.refund_no, e.wallet), e.taken::text, sums.parts::text
FROM refunds AS r,
     jsonb_to_recordset(r.effect)
     AS e (wallet text, taken bigint, from_lots bigint, forgiven bigint, owed bigint, written_off bigint,
           "left" bigint),
     LATERAL (SELECT e.from_lots + e.forgiven + e.owed + e.written_off + e."left" AS parts) AS sums
WHERE e.taken IS DISTINCT FROM sums.parts
"""),
)

OWN_LOTS: Final = Invariant(
    "I8",
    "A claw-back takes from the lots that the purchase or action itself has earned.",
    Query("""
SELECT m.member_id, format('movement %s (clawed) of lot %s', m.movement_no, m.lot_no),
       format('a lot of %s %s', m.cause_kind, m.cause_no), format('a lot of %s %s', l.cause_kind, l.cause_no)
FROM movements AS m JOIN lots AS l USING (member_id, lot_no)
WHERE m.kind = 'clawed' AND l.cause_kind IN ('purchase', 'action')
  AND (m.cause_kind, m.cause_no) <> (l.cause_kind, l.cause_no)
"""),
)

RETURNED_GOODS: Final = Invariant(
    "I8",
    "What has come back of a line is what its refunds say, and no more than was bought.",
    Query("""
SELECT member_id, format('purchase %s, line %s of %s', purchase_no, line_id, l.quantity),
       coalesce(r.quantity, 0)::text, coalesce(l.refunded_quantity, 0)::text
FROM purchase_lines AS l
FULL JOIN (
    SELECT r.member_id, r.purchase_no, e.id AS line_id, sum(e.quantity) AS quantity
    FROM refunds AS r, jsonb_to_recordset(r.lines) AS e (id text, quantity numeric)
    WHERE r.purchase_no IS NOT NULL
    GROUP BY 1, 2, 3
) AS r USING (member_id, purchase_no, line_id)
WHERE coalesce(r.quantity, 0) <> coalesce(l.refunded_quantity, 0) OR l.refunded_quantity > l.quantity
"""),
)

TOTALS: Final = Invariant(
    "I8",
    "A purchase costs its lines less discounts, and points paid the shares that stand on its lines.",
    Query("""
SELECT member_id, 'purchase ' || purchase_no,
       format('total %s, paid with points %s', l.price - discount_minor + rounding_minor,
              least(points_spent_minor, l.price)),
       format('total %s, paid with points %s', total_minor, l.points_minor)
FROM purchases
JOIN (
    SELECT member_id, purchase_no, sum(amount_minor - discount_minor) AS price, sum(points_minor) AS points_minor
    FROM purchase_lines GROUP BY 1, 2
) AS l USING (member_id, purchase_no)
WHERE total_minor <> l.price - discount_minor + rounding_minor OR l.points_minor <> least(points_spent_minor, l.price)
"""),
)

REFUNDED_MONEY: Final = Invariant(
    "I8",
    "Refunds of a purchase come to no more than its total, each paying out no more than its goods were worth.",
    Query("""
SELECT member_id, 'refunds of purchase ' || purchase_no, 'at most ' || p.total_minor, r.amount::text
FROM purchases AS p
JOIN (
    SELECT member_id, purchase_no, sum(amount_minor) AS amount, bool_and(cash_minor BETWEEN 0 AND amount_minor) AS fair
    FROM refunds GROUP BY 1, 2
) AS r USING (member_id, purchase_no)
WHERE r.amount > p.total_minor OR NOT r.fair
"""),
)

INVARIANTS: Final = (
    EARNED,
    SPENT,
    TAKEN_BACK,
    REFUNDS,
    EFFECTS,
    OWN_LOTS,
    RETURNED_GOODS,
    TOTALS,
    REFUNDED_MONEY,
)
