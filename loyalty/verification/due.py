"""T1: nothing becomes due unseen. Writes look at the lots only where ``next_due_at`` has come."""

from typing import Final

from loyalty.verification.invariant import Invariant
from loyalty.verification.reading import Query

NEXT_DUE: Final = Invariant(
    "T1",
    "No release, hold time-out or expiry comes before the instant at which its wallet is looked at next.",
    Query("""
SELECT b.member_id, 'next due instant of ' || b.wallet, 'not after ' || min(due.instant),
       coalesce(b.next_due_at::text, 'never')
FROM balances AS b
JOIN (
    SELECT member_id, wallet, available_from AS instant FROM lots WHERE activated_at IS NULL AND remaining > 0
    UNION ALL
    SELECT member_id, wallet, expires_at FROM lots WHERE activated_at IS NOT NULL AND remaining > held
    UNION ALL
    SELECT member_id, wallet, expires_at FROM holds WHERE status = 'open'
    UNION ALL
    SELECT l.member_id, l.wallet, b.sliding_expires_at
    FROM lots AS l JOIN balances AS b USING (member_id, wallet)
    WHERE l.activated_at IS NOT NULL AND l.remaining > l.held
      AND l.expiry ->> 'kind' IN ('sliding_days', 'sliding_months')
) AS due USING (member_id, wallet)
WHERE due.instant < coalesce(b.next_due_at, 'infinity')
GROUP BY b.member_id, b.wallet, b.next_due_at
"""),
)

INVARIANTS: Final = (NEXT_DUE,)
