"""I2, I4 and I5: lots are folds of their movements, and points leave them in their life and in their order."""

from typing import Final

from loyalty.verification.invariant import Invariant
from loyalty.verification.reading import Query

FOLDS: Final = Invariant(
    "I2",
    "Every lot's remaining and held points follow from its movements.",
    Query("""
SELECT l.member_id, 'lot ' || l.lot_no,
       format('remaining %s, held %s', l.amount + coalesce(m.remaining, 0), coalesce(m.held, 0)),
       format('remaining %s, held %s', l.remaining, l.held)
FROM lots AS l
LEFT JOIN (
    SELECT member_id, lot_no, sum(into_remaining) AS remaining, sum(into_held) AS held FROM movements GROUP BY 1, 2
) AS m USING (member_id, lot_no)
WHERE l.remaining <> l.amount + coalesce(m.remaining, 0) OR l.held <> coalesce(m.held, 0)
"""),
)

BOUNDS: Final = Invariant(
    "I2",
    "After each movement 0 <= held <= remaining <= amount.",
    Query("""
SELECT member_id, format('lot %s of %s points after movement %s', lot_no, amount, movement_no), 'within bounds',
       format('remaining %s, held %s', remaining, held)
FROM (
    SELECT m.member_id, m.lot_no, m.movement_no, l.amount,
           l.amount + sum(m.into_remaining) OVER past AS remaining, sum(m.into_held) OVER past AS held
    FROM movements AS m JOIN lots AS l USING (member_id, lot_no)
    WINDOW past AS (PARTITION BY m.member_id, m.lot_no ORDER BY m.movement_no)
) AS steps
WHERE NOT (0 <= held AND held <= remaining AND remaining <= amount)
"""),
)

LIVES: Final = Invariant(
    "I4",
    "Points are spent, held and given away only from lots that are active and not expired.",
    Query("""
SELECT m.member_id, format('movement %s (%s) of lot %s', m.movement_no, m.kind, m.lot_no),
       format('from %s, before %s', coalesce(l.activated_at::text, 'activation'), coalesce(l.expires_at::text, 'ever')),
       m.recorded_at::text
FROM movements AS m JOIN lots AS l USING (member_id, lot_no)
WHERE (m.kind IN ('spent', 'held') OR (m.kind = 'transferred' AND m.cause_kind <> 'merge'))
  AND (l.activated_at IS NULL OR m.recorded_at < l.activated_at OR m.recorded_at >= l.expires_at)
"""),
)
"""A hold's capture is not looked at: what is held stays usable by its hold. A sliding expiry is no lot's own."""

SPEND_ORDER: Final = Invariant(
    "I5",
    "No free point that expires sooner, or is older, was passed over by a spend or a hold.",
    Query("""
SELECT taken.member_id, format('movement %s (%s) of lot %s', taken.movement_no, taken.kind, taken.lot_no),
       'lot ' || passed.lot_no || ' first', format('lot %s had %s free', passed.lot_no, passed.amount + moved.free)
FROM (
    SELECT m.member_id, m.movement_no, m.kind, m.lot_no, m.recorded_at, l.wallet, l.expires_at,
           max(m.entry_no) OVER (PARTITION BY m.member_id ORDER BY m.movement_no) AS entries_before
    FROM movements AS m JOIN lots AS l USING (member_id, lot_no)
) AS taken
JOIN (
    SELECT l.*, e.recorded_at AS born_at, CASE WHEN l.remaining = l.held THEN last.movement_no END AS used_up_by
    FROM lots AS l
    JOIN entries AS e USING (member_id, entry_no)
    LEFT JOIN (
        SELECT member_id, lot_no, max(movement_no) AS movement_no
        FROM movements WHERE kind NOT IN ('released', 'captured', 'restored') GROUP BY 1, 2
    ) AS last USING (member_id, lot_no)
) AS passed
  ON passed.member_id = taken.member_id AND passed.wallet = taken.wallet
 AND (coalesce(passed.expires_at, 'infinity'), passed.lot_no) < (coalesce(taken.expires_at, 'infinity'), taken.lot_no)
CROSS JOIN LATERAL (
    SELECT coalesce(sum(f.into_free), 0) AS free
    FROM lot_movement AS m,
         LATERAL (SELECT CASE WHEN m.kind IN ('released', 'restored') THEN m.amount
                              WHEN m.kind = 'captured' THEN 0 ELSE -m.amount END) AS f (into_free)
    WHERE m.member_id = passed.member_id AND m.lot_no = passed.lot_no AND m.movement_no < taken.movement_no
) AS moved
WHERE taken.kind IN ('spent', 'held')
  AND (passed.born_at < taken.recorded_at OR passed.entry_no <= taken.entries_before)
  AND (passed.used_up_by IS NULL OR taken.movement_no < passed.used_up_by)
  AND passed.activated_at <= taken.recorded_at
  AND (passed.expires_at IS NULL OR passed.expires_at > taken.recorded_at)
  AND passed.amount + moved.free > 0
"""),
)
"""A lot that was born with the same instant as a hold counts only when an entry before the hold shows that it was
there: holding writes no entry, and two acts of one instant do not tell their order otherwise.
"""

INVARIANTS: Final = (FOLDS, BOUNDS, LIVES, SPEND_ORDER)
