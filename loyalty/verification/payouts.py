"""Payouts: money is owed for points that were spent for it, by a second person's word, and handed to the bank once."""

from typing import Final

from loyalty.verification.invariant import Invariant
from loyalty.verification.reading import Query

DECIDED: Final = Invariant(
    "I8",
    "A payout and its redemption agree: held while nobody decided, spent with an approval, paid out of a batch.",
    Query("""
SELECT member_id, 'payout ' || redemption_no,
       CASE WHEN p.units IS NULL THEN 'a payout' WHEN r.kind IS NULL THEN 'a redemption' ELSE r.state END,
       format('%s, batch %s', coalesce(p.decision, 'undecided'), coalesce(p.batch_id::text, 'none'))
FROM (SELECT * FROM redemptions WHERE kind = 'payout') AS r
FULL JOIN (SELECT * FROM payout WHERE member_id BETWEEN $1 AND $2) AS p USING (member_id, redemption_no)
WHERE p.units IS NULL OR r.kind IS NULL OR NOT CASE
    WHEN p.decision IS NULL THEN r.state IN ('reserved', 'cancelled', 'expired')
    WHEN p.decision = 'refused' THEN r.state = 'cancelled'
    WHEN p.batch_id IS NULL THEN r.state IN ('issued', 'cancelled')
    ELSE r.state IN ('issued', 'fulfilled', 'cancelled') END
"""),
)

AMOUNT: Final = Invariant(
    "I8",
    "A payout's money and points are its units times what the programme said of one.",
    Query("""
SELECT r.member_id, 'payout ' || r.redemption_no, p.units || ' units', format('%s minor, %s', p.amount_minor, r.prices)
FROM redemptions AS r JOIN payout AS p USING (member_id, redemption_no)
JOIN programme_version AS v ON v.version = r.programme_version
JOIN LATERAL jsonb_array_elements(v.document -> 'rewards') AS w ON w ->> 'code' = r.reward
CROSS JOIN LATERAL (
    SELECT sum((price ->> 'points')::bigint) AS points FROM jsonb_array_elements(r.prices) AS price
) AS paid
CROSS JOIN LATERAL (
    SELECT sum((price ->> 'points')::bigint) AS points FROM jsonb_array_elements(w -> 'prices') AS price
) AS of_one
WHERE p.amount_minor <> p.units * (w -> 'effect' ->> 'amount_minor')::bigint
   OR paid.points IS DISTINCT FROM p.units * of_one.points
"""),
)

BATCHES: Final = Invariant(
    "I1",
    "What a batch says is the number and the sum of the payouts in it, all of its currency.",
    Query("""
SELECT NULL::bigint, 'batch ' || batch_id, format('%s payouts, %s %s', b.payouts, b.total_minor, b.currency),
       format('%s payouts, %s', coalesce(p.payouts, 0), coalesce(p.total_minor, 0))
FROM payout_batch AS b
FULL JOIN (
    SELECT batch_id, count(*) AS payouts, sum(amount_minor) AS total_minor, min(currency) AS least,
           max(currency) AS most
    FROM payout WHERE batch_id IS NOT NULL GROUP BY 1
) AS p USING (batch_id)
WHERE (b.payouts, b.total_minor, b.currency, b.currency) IS DISTINCT FROM (p.payouts, p.total_minor, p.least, p.most)
"""),
    needs_all_members=True,
)

PAYEES: Final = Invariant(
    "R1",
    "What is still to be paid has somebody to be paid to.",
    Query("""
SELECT r.member_id, 'payout ' || r.redemption_no, 'a payee', 'none'
FROM redemptions AS r
WHERE r.kind = 'payout' AND r.state IN ('reserved', 'issued') AND NOT EXISTS (
    SELECT FROM payout_payee AS y WHERE (y.member_id, y.redemption_no) = (r.member_id, r.redemption_no)
)
"""),
)

INVARIANTS: Final = (DECIDED, AMOUNT, BATCHES, PAYEES)
