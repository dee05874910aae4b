"""I8 of jobs: each item says what its entries did, and nothing is taken back beyond what was given. J1: by whom."""

from typing import Final

from loyalty.jobs.allowance import MOST_MEMBERS_ALONE, MOST_POINTS_ALONE, WINDOW
from loyalty.verification.invariant import Invariant
from loyalty.verification.reading import Query

APPLIED: Final = Invariant(
    "I8",
    "What a job says it moved for a member is what the journal moved for it, and it moved nothing else.",
    Query("""
SELECT member_id, format('job %s, %s', job_id, wallet), coalesce(said.points, 0)::text, coalesce(moved.points, 0)::text
FROM (
    SELECT i.member_id, i.job_id, m.key AS wallet, m.value::bigint AS points
    FROM job_item AS i, jsonb_each_text(i.moved) AS m
    WHERE i.member_id BETWEEN $1 AND $2 AND m.value <> '0'
) AS said
FULL JOIN (
    SELECT member_id, cause_no AS job_id, wallet, sum(into_lots - into_debt) AS points
    FROM entries WHERE cause_kind = 'job' GROUP BY 1, 2, 3
) AS moved USING (member_id, job_id, wallet)
WHERE coalesce(said.points, 0) <> coalesce(moved.points, 0)
"""),
)

REVERSED: Final = Invariant(
    "I8",
    "What a job took back from a member is what the journal moved for it, and no more than it had given.",
    Query("""
SELECT member_id, format('reversal of job %s, %s', job_id, wallet),
       format('%s, of %s', coalesce(said.points, 0), coalesce(said.moved, 0)), coalesce(moved.points, 0)::text
FROM (
    SELECT i.member_id, i.job_id, r.key AS wallet, r.value::bigint AS points, (i.moved ->> r.key)::bigint AS moved
    FROM job_item AS i, jsonb_each_text(i.returned) AS r
    WHERE i.member_id BETWEEN $1 AND $2
) AS said
FULL JOIN (
    SELECT member_id, cause_no AS job_id, wallet, sum(into_lots - into_debt) AS points
    FROM entries WHERE cause_kind = 'job_reversal' GROUP BY 1, 2, 3
) AS moved USING (member_id, job_id, wallet)
WHERE NOT EXISTS (SELECT FROM merged WHERE merged.member_id = said.member_id OR merged.member_id = moved.member_id)
  AND (coalesce(said.points, 0) <> coalesce(moved.points, 0) OR abs(coalesce(said.points, 0)) > abs(said.moved)
       OR said.points * said.moved > 0)
"""),
)
"""After a merge the survivor has the entries, perhaps of two items."""

ITEMS: Final = Invariant(
    "R1",
    "Every item has its job and its member, and a job that was applied or reversed has left none undone.",
    Query("""
SELECT i.member_id, format('item of job %s, %s', i.job_id, i.state),
       CASE WHEN j.job_id IS NULL THEN 'a job' WHEN m.member_id IS NULL THEN 'a member' ELSE 'settled' END, j.state
FROM job_item AS i
LEFT JOIN job AS j USING (job_id) LEFT JOIN member AS m ON m.member_id = i.member_id
WHERE i.member_id BETWEEN $1 AND $2
  AND (j.job_id IS NULL OR m.member_id IS NULL
       OR (j.state IN ('applied', 'reversing', 'reversed') AND i.state IN ('listed', 'previewed'))
       OR (j.state = 'reversed' AND i.state = 'applied'))
"""),
)

PAYMENTS: Final = Invariant(
    "I8",
    "What a retroactive job applied to a member is what it paid for their facts, by wallet.",
    Query("""
SELECT member_id, format('job %s, %s', job_id, wallet), coalesce(said.points, 0)::text, coalesce(paid.points, 0)::text
FROM (
    SELECT i.member_id, i.job_id, p.key AS wallet, p.value::bigint AS points
    FROM job_item AS i JOIN job AS j USING (job_id), jsonb_each_text(i.points) AS p
    WHERE i.member_id BETWEEN $1 AND $2 AND j.kind = 'retroactive' AND i.state IN ('applied', 'reversed', 'kept')
) AS said
FULL JOIN (
    SELECT member_id, job_id, wallet, sum(points) AS points
    FROM job_payment WHERE member_id BETWEEN $1 AND $2 GROUP BY 1, 2, 3
) AS paid USING (member_id, job_id, wallet)
WHERE coalesce(said.points, 0) <> coalesce(paid.points, 0)
"""),
)

FACTS: Final = Invariant(
    "R1",
    "What a job paid for happened.",
    Query("""
SELECT p.member_id, format('payment of job %s', p.job_id), format('%s %s', p.fact, p.fact_no), NULL
FROM job_payment AS p
WHERE p.member_id BETWEEN $1 AND $2 AND NOT EXISTS (
    SELECT FROM purchase AS f WHERE p.fact = 'purchase' AND (f.member_id, f.purchase_no) = (p.member_id, p.fact_no)
    UNION ALL
    SELECT FROM action AS f WHERE p.fact = 'action' AND (f.member_id, f.action_no) = (p.member_id, p.fact_no)
)
"""),
)

GIVEN: Final = Invariant(
    "R1",
    "What a job gave is there, and cancelled where the job was taken back.",
    Query("""
SELECT i.member_id, format('reward of job %s, %s', i.job_id, i.state), 'a redemption', r.state
FROM job_item AS i JOIN job AS j USING (job_id)
LEFT JOIN redemption AS r
       ON r.member_id = i.member_id AND r.redemption_no = (i.before ->> 'redemption_no')::bigint AND r.prices = '[]'
WHERE i.member_id BETWEEN $1 AND $2 AND j.kind = 'reward' AND i.state IN ('applied', 'reversed', 'kept')
  AND (r.member_id IS NULL OR i.state = 'reversed' AND r.state <> 'cancelled')
"""),
)

BEGUN: Final = Invariant(
    "J1",
    "Of every job that is applied, or taken back, it is known who began that.",
    Query("""
SELECT NULL::bigint, 'job ' || j.job_id, 'who began to ' || w.step, NULL
FROM job AS j
JOIN (VALUES ('apply', ARRAY['applying', 'applied', 'reversing', 'reversed']),
             ('reverse', ARRAY['reversing', 'reversed'])) AS w (step, states) ON j.state = ANY (w.states)
WHERE NOT EXISTS (SELECT FROM job_step AS s WHERE s.job_id = j.job_id AND s.step = w.step)
"""),
    needs_all_members=True,
)

ALONE: Final = Invariant(
    "J1",
    "Nobody begins more alone within a day than one person may.",
    Query(f"""
SELECT NULL::bigint, format('%s until %s', actor, begun_at), 'at most {MOST_POINTS_ALONE} and {MOST_MEMBERS_ALONE}',
       format('%s and %s', points, members)
FROM (
    SELECT actor, begun_at, sum(points) OVER day AS points, sum(members) OVER day AS members
    FROM job_step WHERE approved_by IS NULL
    WINDOW day AS (PARTITION BY actor ORDER BY begun_at
                   RANGE BETWEEN interval '{WINDOW.total_seconds()} seconds' - interval '1 microsecond' PRECEDING
                   AND CURRENT ROW)
) AS alone
WHERE points > {MOST_POINTS_ALONE} OR members > {MOST_MEMBERS_ALONE}
"""),  # noqa: S608 - our own numbers
    needs_all_members=True,
)

INVARIANTS: Final = (APPLIED, REVERSED, ITEMS, PAYMENTS, FACTS, GIVEN, BEGUN, ALONE)
