"""Rewards: what a redemption says is what the ledger and the stock say, and a code shows one redemption."""

from typing import Final

from loyalty.rewards.states import TAKEN
from loyalty.verification.invariant import Invariant
from loyalty.verification.reading import Query

PAID: Final = Invariant(
    "I7",
    "What a redemption cost is held while it can be used, spent once it was, and released when it ended otherwise.",
    Query("""
SELECT r.member_id, format('redemption %s, %s', r.redemption_no, r.state),
       format('%s %s by hold %s', p.points, p.wallet, p.hold_no), format('%s %s, %s', h.amount, h.wallet, h.status)
FROM redemptions AS r
CROSS JOIN LATERAL jsonb_to_recordset(r.prices) AS p (wallet text, points bigint, hold_no bigint)
LEFT JOIN hold AS h ON h.member_id = r.member_id AND h.hold_no = p.hold_no
WHERE (h.amount, h.wallet) IS DISTINCT FROM (p.points, p.wallet) OR NOT CASE
    WHEN h.status = 'captured' THEN h.captured = h.amount
    WHEN r.state IN ('issued', 'reserved') THEN h.status = 'open' OR (h.status = 'expired' AND r.expires_at <= $3)
    WHEN r.state = 'cancelled' THEN h.status = 'voided'
    WHEN r.state = 'expired' THEN h.status = 'expired'
    ELSE false END
"""),
)

RETURNED: Final = Invariant(
    "I8",
    "What a redemption spent has come back whole when it was cancelled or refunded, and not at all otherwise.",
    Query("""
SELECT r.member_id, format('redemption %s, %s', r.redemption_no, r.state),
       CASE WHEN r.state IN ('cancelled', 'refunded') THEN 0 ELSE r.captured END::text, coalesce(e.spent, 0)::text
FROM (
    SELECT r.member_id, r.redemption_no, r.state, coalesce(sum(h.captured), 0) AS captured
    FROM redemptions AS r
    LEFT JOIN LATERAL jsonb_to_recordset(r.prices) AS p (hold_no bigint) ON true
    LEFT JOIN hold AS h ON h.member_id = r.member_id AND h.hold_no = p.hold_no
    GROUP BY 1, 2, 3
) AS r
LEFT JOIN (
    SELECT member_id, cause_no AS redemption_no,
           sum(amount * ((credit = 'redeemed')::int - (debit = 'redeemed')::int)) AS spent
    FROM entries WHERE cause_kind = 'redemption' GROUP BY 1, 2
) AS e USING (member_id, redemption_no)
WHERE coalesce(e.spent, 0) <> CASE WHEN r.state IN ('cancelled', 'refunded') THEN 0 ELSE r.captured END
  AND NOT EXISTS (SELECT FROM merged WHERE merged.member_id = r.member_id)
"""),
)

STOCK: Final = Invariant(
    "I11",
    "The pieces of a reward with a stock that are taken are its redemptions that hold one, and no more than it has.",
    Query(f"""
SELECT NULL::bigint, 'pieces of ' || reward, format('%s, at most %s', coalesce(r.taken, 0), s.given),
       coalesce(s.taken::text, 'no row')
FROM (
    SELECT reward, count(*) FILTER (WHERE {TAKEN}) AS taken,
           count(*) FILTER (WHERE state IN ('reserved', 'issued') AND expires_at <= $3 AND coupon IS NULL) AS overdue
    FROM redemption GROUP BY 1
) AS r
FULL JOIN reward_stock AS s USING (reward)
WHERE s.reward IS NULL OR s.given IS NOT NULL
      AND (coalesce(r.taken, 0) <> s.taken OR s.taken - coalesce(r.overdue, 0) > s.given)
"""),  # noqa: S608 - put together from a constant
    needs_all_members=True,
)

CODES: Final = Invariant(
    "I6",
    "Every redemption is shown by its own code, and every code shows a redemption.",
    Query("""
SELECT coalesce(r.member_id, c.member_id), 'redemption ' || coalesce(r.redemption_no, c.redemption_no),
       'one code', CASE WHEN r.member_id IS NULL THEN 'a code of none' ELSE 'not its code' END
FROM redemptions AS r
FULL JOIN (SELECT * FROM redemption_code WHERE member_id BETWEEN $1 AND $2) AS c USING (member_id, redemption_no)
WHERE r.shown_code IS DISTINCT FROM c.shown_code
UNION ALL
SELECT coalesce(r.member_id, c.member_id), 'present of redemption ' || coalesce(r.redemption_no, c.redemption_no),
       coalesce(r.present_code, 'none'), coalesce(c.claim_code, 'none')
FROM (SELECT * FROM redemptions WHERE present_code IS NOT NULL) AS r
FULL JOIN (SELECT * FROM present_code WHERE member_id BETWEEN $1 AND $2) AS c USING (member_id, redemption_no)
WHERE r.present_code IS DISTINCT FROM c.claim_code
"""),
)

COUPONS: Final = Invariant(
    "I6",
    "A code that was handed out is what its redemption shows, withdrawn once that was taken back, and outlives it.",
    Query("""
SELECT coalesce(r.member_id, c.member_id), 'redemption ' || coalesce(r.redemption_no, c.redemption_no),
       coalesce(CASE WHEN r.state IN ('cancelled', 'refunded') THEN 'a code withdrawn' ELSE 'a code handed out' END
                || coalesce(' until ' || r.expires_at, ''), 'no code'),
       coalesce('a code, ' || c.state || coalesce(' until ' || c.expires_at, ''), 'no code')
FROM (SELECT * FROM redemptions WHERE coupon IS NOT NULL OR kind = 'coupon') AS r
FULL JOIN (SELECT * FROM coupon WHERE member_id BETWEEN $1 AND $2) AS c USING (member_id, redemption_no)
WHERE (r.coupon, r.expires_at) IS DISTINCT FROM (c.coupon, c.expires_at)
   OR c.state <> CASE WHEN r.state IN ('cancelled', 'refunded') THEN 'withdrawn' ELSE 'handed_out' END
"""),
)

GRANTED: Final = Invariant(
    "I7",
    "What the business gave for nothing cost nothing.",
    Query("""
SELECT member_id, 'redemption ' || redemption_no, 'no price', prices::text || ' and ' || price_minor
FROM redemptions WHERE grant_reason IS NOT NULL AND (prices <> '[]' OR price_minor <> 0)
"""),
)

PRESENTS: Final = Invariant(
    "R1",
    "What was given is what somebody else received: the same reward, for as long, and for nothing.",
    Query("""
SELECT r.member_id, 'redemption ' || r.redemption_no,
       format('received as %s of member %s', r.to_redemption_no, r.to_member_id), o.state
FROM redemptions AS r
LEFT JOIN redemption AS o ON (o.member_id, o.redemption_no) = (r.to_member_id, r.to_redemption_no)
WHERE r.state = 'given' AND (o.from_member_id, o.from_redemption_no, o.reward, o.expires_at)
      IS DISTINCT FROM (r.member_id, r.redemption_no, r.reward, r.expires_at)
UNION ALL
SELECT r.member_id, 'redemption ' || r.redemption_no,
       format('given as %s of member %s, free', r.from_redemption_no, r.from_member_id),
       concat_ws(', ', o.state, r.prices::text)
FROM redemptions AS r
LEFT JOIN redemption AS o ON (o.member_id, o.redemption_no) = (r.from_member_id, r.from_redemption_no)
WHERE r.from_member_id IS NOT NULL
  AND (o.state IS DISTINCT FROM 'given' OR o.reward <> r.reward OR r.prices <> '[]')
"""),
)

INVARIANTS: Final = (PAID, RETURNED, STOCK, CODES, COUPONS, GRANTED, PRESENTS)
