"""I13: every event reaches every handler, and has its effect once."""

from typing import Final

from loyalty.verification.invariant import Invariant
from loyalty.verification.reading import Query

WAITING: Final = Invariant(
    "I13",
    "No event waits for longer than the patience given, unless it was parked for a person.",
    Query("""
SELECT member_id, format('event %s (%s)', event_id, type), 'spread by now', 'published at ' || created_at
FROM outbox_event WHERE created_at < $4 AND member_id BETWEEN $1 AND $2
UNION ALL
SELECT member_id, format('event %s (%s)', event_id, type), 'delivered to ' || handler,
       format('%s attempts since %s', attempts, created_at)
FROM outbox_delivery WHERE created_at < $4 AND member_id BETWEEN $1 AND $2
"""),
)

ONCE: Final = Invariant(
    "I13",
    "An event is in one place: published, to be delivered to a handler, or parked.",
    Query("""
SELECT e.member_id, 'event ' || e.event_id, 'spread or not', 'published, and to be delivered to ' || d.handler
FROM outbox_event AS e JOIN outbox_delivery AS d USING (event_id, member_id)
WHERE e.member_id BETWEEN $1 AND $2
UNION ALL
SELECT d.member_id, 'event ' || d.event_id, 'parked or not', 'parked, and to be delivered to ' || d.handler
FROM outbox_delivery AS d JOIN outbox_parked AS p USING (handler, event_id)
WHERE d.member_id BETWEEN $1 AND $2
"""),
)

EFFECTS: Final = Invariant(
    "I13",
    "Where no event is on its way, what rules know of a member's past has counted each sale and refund once.",
    Query("""
SELECT member_id, 'purchases and spend', format('%s, %s', coalesce(p.total, 0), coalesce(p.minor, 0)),
       format('%s, %s', coalesce(f.purchases_count, 0), coalesce(f.spend_minor, 0))
FROM (
    SELECT member_id, sum(total) AS total, sum(minor) AS minor
    FROM (
        SELECT member_id, (NOT voided)::int AS total, total_minor AS minor FROM purchases
        UNION ALL SELECT member_id, 0, -amount_minor FROM refunds
    ) AS facts
    GROUP BY 1
) AS p
FULL JOIN (SELECT * FROM member_fact WHERE member_id BETWEEN $1 AND $2) AS f USING (member_id)
WHERE (coalesce(p.total, 0), coalesce(p.minor, 0)) <> (coalesce(f.purchases_count, 0), coalesce(f.spend_minor, 0))
  AND NOT EXISTS (
    SELECT FROM (
        SELECT member_id FROM merged
        UNION ALL SELECT member_id FROM member WHERE status = 'erased'
        UNION ALL SELECT member_id FROM outbox_event
        UNION ALL SELECT member_id FROM outbox_delivery
        UNION ALL SELECT member_id FROM outbox_parked
    ) AS unsettled WHERE unsettled.member_id = coalesce(p.member_id, f.member_id)
  )
"""),
)

INVARIANTS: Final = (WAITING, ONCE, EFFECTS)
