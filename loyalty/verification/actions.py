"""I17: an action is paid once, as it says, and what staff decided about it fits what was paid."""

from typing import Final

from loyalty.verification.invariant import Invariant
from loyalty.verification.reading import Query

EARNED: Final = Invariant(
    "I17",
    "What an action says it earned is what the journal credited for it, and what its rules paid.",
    Query("""
SELECT member_id, format('action %s, %s', action_no, wallet), said.points::text, credited.points::text
FROM (
    SELECT member_id, action_no, e.key AS wallet, e.value::bigint AS points
    FROM actions, jsonb_each_text(earned) AS e WHERE e.value <> '0'
) AS said
FULL JOIN (
    SELECT member_id, cause_no AS action_no, wallet, sum(into_lots) AS points
    FROM entries WHERE kind = 'earned' AND cause_kind = 'action' GROUP BY 1, 2, 3
) AS credited USING (member_id, action_no, wallet)
WHERE said.points IS DISTINCT FROM credited.points
UNION ALL
SELECT member_id, format('action %s, all wallets', action_no), rules.points::text, wallets.points::text
FROM actions,
     LATERAL (SELECT coalesce(sum((paid ->> 1)::bigint), 0) AS points
              FROM jsonb_array_elements(coalesce(evaluation -> 'fired', '[]')) AS paid) AS rules,
     LATERAL (SELECT coalesce(sum(e.value::bigint), 0) AS points FROM jsonb_each_text(earned) AS e) AS wallets
WHERE rules.points < wallets.points
"""),
)

STATES: Final = Invariant(
    "I17",
    "Only an accepted action has earned, and one that was rejected or taken back says by a code why.",
    Query("""
SELECT member_id, format('action %s (%s)', action_no, status), 'no points', earned::text
FROM actions WHERE status <> 'accepted' AND earned <> '{}'
UNION ALL
SELECT member_id, format('action %s (%s)', action_no, status), 'a reason', NULL
FROM actions WHERE (status = 'rejected' OR reversed_at IS NOT NULL) AND reason IS NULL
UNION ALL
SELECT member_id, 'action ' || action_no, 'a survivor, whom it went on with', NULL
FROM actions AS a
WHERE status = 'moved' AND NOT EXISTS (SELECT FROM member m WHERE m.member_id = a.member_id AND m.status = 'merged')
"""),
)

TAKEN_BACK: Final = Invariant(
    "I17",
    "What was taken back of an action is what it had earned, found somewhere: in lots, forgiven, owed, written off.",
    Query("""
SELECT a.member_id, format('action %s, %s', a.action_no, w.wallet), w.earned::text, w.found::text
FROM actions AS a,
     LATERAL (
        SELECT wallet, coalesce(e.value::bigint, 0) AS earned,
               t.from_lots + t.forgiven + t.owed + t.written_off + t."left" AS found
        FROM jsonb_each_text(a.earned) AS e (wallet, value)
        FULL JOIN jsonb_to_recordset(coalesce(a.effect, '[]'))
             AS t (wallet text, from_lots bigint, forgiven bigint, owed bigint, written_off bigint, "left" bigint)
             USING (wallet)
     ) AS w
WHERE (a.reversed_at IS NOT NULL AND w.earned IS DISTINCT FROM w.found)
   OR (a.reversed_at IS NULL AND w.found IS NOT NULL)
"""),
)

EVENTS: Final = Invariant(
    "I17",
    "Every event that another system told has become an action that is there.",
    Query("""
SELECT e.member_id, format('event %s of %s', e.event_id, e.source), 'action ' || e.action_no, NULL
FROM action_event AS e
WHERE e.member_id BETWEEN $1 AND $2
  AND NOT EXISTS (SELECT FROM action a WHERE a.member_id = e.member_id AND a.action_no = e.action_no)
"""),
)

PROOFS: Final = Invariant(
    "I17",
    "Every proof is of an action that is there.",
    Query("""
SELECT p.member_id, 'proof of action ' || p.action_no, 'an action', NULL
FROM action_proof AS p
WHERE p.member_id BETWEEN $1 AND $2
  AND NOT EXISTS (SELECT FROM action a WHERE a.member_id = p.member_id AND a.action_no = p.action_no)
"""),
)

INVARIANTS: Final = (EARNED, STATES, TAKEN_BACK, EVENTS, PROOFS)
