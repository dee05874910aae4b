"""I18: a referral was paid to both sides once, for a purchase of the friend, or not at all."""

from typing import Final

from loyalty.verification.invariant import Invariant
from loyalty.verification.reading import Query

_PAID: Final = """
    SELECT split_part(natural_key, ':', 2)::bigint AS friend_id, split_part(natural_key, ':', 1) AS side,
           split_part(natural_key, ':', 3) || ' ' || split_part(natural_key, ':', 4) AS purchase
    FROM action
    WHERE source = 'job:referrals' AND status = 'accepted' AND reversed_at IS NULL
"""

PAID: Final = Invariant(
    "I18",
    "A referral's actions count once for each side while it is rewarded, for the purchase that it names, else never.",
    Query(f"""
SELECT coalesce(r.member_id, p.friend_id), format('referral, %s', coalesce(r.state, 'unknown')),
       'at most one a side for ' || coalesce(r.purchase_member_id || ' ' || r.purchase_no, 'no purchase'),
       format('%s for %s and %s', p.sides, p.first, p.last)
FROM (
    SELECT friend_id, count(*) AS sides, count(DISTINCT side) AS different, min(purchase) AS first,
           max(purchase) AS last
    FROM ({_PAID}) AS paid GROUP BY 1
) AS p
FULL JOIN referral AS r ON r.member_id = p.friend_id
WHERE coalesce(r.member_id, p.friend_id) BETWEEN $1 AND $2 AND CASE
    WHEN r.state = 'rewarded' THEN p.sides IS NULL OR p.sides <> p.different OR p.first <> p.last
         OR p.first <> r.purchase_member_id || ' ' || r.purchase_no
    ELSE p.sides IS NOT NULL END
"""),  # noqa: S608 - put together from the constants above
)

ROWS: Final = Invariant(
    "I18",
    "A referral's two sides are members, and what counts is a purchase.",
    Query("""
SELECT r.member_id, 'referral by ' || r.referrer_id, 'two members, and the purchase', r.state
FROM referral AS r
WHERE r.member_id BETWEEN $1 AND $2 AND (
    NOT EXISTS (SELECT FROM member m WHERE m.member_id = r.member_id)
    OR NOT EXISTS (SELECT FROM member m WHERE m.member_id = r.referrer_id)
    OR (r.purchase_no IS NOT NULL AND NOT EXISTS (
        SELECT FROM purchase p WHERE p.member_id = r.purchase_member_id AND p.purchase_no = r.purchase_no)))
"""),
)

INVARIANTS: Final = (PAID, ROWS)
