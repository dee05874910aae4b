"""I7: a hold resolves once, takes no more than it was given, and nothing is held without one that is open."""

from typing import Final

from loyalty.verification.invariant import Invariant
from loyalty.verification.reading import Query

MOVEMENTS: Final = Invariant(
    "I7",
    "Every hold is what its lots' movements say: all of it held while it is open, nothing once it is resolved.",
    Query("""
SELECT member_id, format('hold %s, %s', h.hold_no, coalesce(h.status, 'which does not exist')),
       format('held %s, captured %s, left %s', h.amount, h.captured,
              CASE h.status WHEN 'open' THEN h.amount ELSE 0 END),
       format('held %s, captured %s, left %s', coalesce(m.held, 0), coalesce(m.captured, 0), coalesce(m.left_points, 0))
FROM holds AS h
FULL JOIN (
    SELECT member_id, cause_no AS hold_no, sum(amount) FILTER (WHERE kind = 'held') AS held,
           coalesce(sum(amount) FILTER (WHERE kind = 'captured'), 0) AS captured, sum(into_held) AS left_points
    FROM movements
    WHERE kind IN ('held', 'released', 'captured')
    GROUP BY 1, 2
) AS m USING (member_id, hold_no)
WHERE (m.held, m.captured, m.left_points)
      IS DISTINCT FROM (h.amount, h.captured, CASE h.status WHEN 'open' THEN h.amount ELSE 0 END)
"""),
)

RESOLUTIONS: Final = Invariant(
    "I7",
    "An open hold has captured nothing and has no end; only a captured one has captured, and every other has its end.",
    Query("""
SELECT member_id, format('hold %s, %s', hold_no, status), NULL,
       format('captured %s, resolved at %s', captured, coalesce(resolved_at::text, 'no time'))
FROM holds
WHERE (status = 'open') <> (resolved_at IS NULL) OR (captured > 0 AND status <> 'captured')
"""),
)

OWNERS: Final = Invariant(
    "I7",
    "Nobody who was merged or erased has an open hold.",
    Query("""
SELECT h.member_id, 'hold ' || h.hold_no, 'resolved', format('open for a member who is %s', m.status)
FROM holds AS h JOIN members AS m USING (member_id)
WHERE h.status = 'open' AND m.status IN ('merged', 'erased')
"""),
)

CAUSES: Final = Invariant(
    "I7",
    "Only holds hold, release and capture.",
    Query("""
SELECT member_id, format('movement %s (%s)', movement_no, kind), 'caused by a hold', 'caused by a ' || cause_kind
FROM movements
WHERE kind IN ('held', 'released', 'captured') AND cause_kind <> 'hold'
"""),
)

INVARIANTS: Final = (MOVEMENTS, RESOLUTIONS, OWNERS, CAUSES)
