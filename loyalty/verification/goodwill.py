"""G1: what is counted against the limits of staff was given or taken."""

from typing import Final

from loyalty.verification.invariant import Invariant
from loyalty.verification.reading import Query

COUNTED: Final = Invariant(
    "G1",
    "A person of staff is charged with no more points than they, or jobs that they applied alone, moved that day.",
    Query("""
SELECT NULL::bigint, format('%s on %s', g.actor, g.day), 'at most ' || coalesce(j.points, 0), g.points::text
FROM goodwill_day AS g
LEFT JOIN (
    SELECT actor, day, sum(points) AS points
    FROM (
        SELECT actor, timezone('UTC', occurred_at)::date AS day, amount AS points FROM journal WHERE kind = 'adjusted'
        UNION ALL
        SELECT s.actor, timezone('UTC', s.begun_at)::date, s.points FROM job_step AS s JOIN job USING (job_id)
        WHERE s.step = 'apply' AND s.approved_by IS NULL AND job.kind = 'grant'
    ) AS moved
    GROUP BY 1, 2
) AS j USING (actor, day)
WHERE g.points > coalesce(j.points, 0)
"""),
    needs_all_members=True,
)

INVARIANTS: Final = (COUNTED,)
