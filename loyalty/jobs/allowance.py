"""How much one person begins alone: within a day and over all of their jobs, so that a large one cannot be split."""

from datetime import datetime, timedelta
from typing import Final

from kernel.database import WriteSession, driver
from loyalty.goodwill import count_goodwill
from loyalty.jobs.making import Step
from loyalty.models import Job
from loyalty.programme.goodwill import GoodwillLimit

MOST_POINTS_ALONE: Final = 100_000
"""Given and taken, by jobs that one person has applied or taken back within ``WINDOW``."""
MOST_MEMBERS_ALONE: Final = 1_000
WINDOW: Final = timedelta(days=1)
_ONE_BEGINS_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtextextended('comeback.job.' || $1, 0))"
_BEGUN: Final = """
SELECT coalesce(sum(points), 0)::bigint, coalesce(sum(members), 0)::bigint FROM job_step
WHERE actor = $1 AND begun_at > $2 AND approved_by IS NULL
"""


async def may_begin_alone(
    session: WriteSession, locked: Job, step: Step, *, actor: str, goodwill: GoodwillLimit, now: datetime
) -> bool:
    """Whether ``actor`` begins ``step`` without a second person. What is granted counts as their goodwill, too.

    Exact, however many jobs they begin at once: one waits for the other. Nothing is counted when the answer is no.
    """
    connection = await driver(session)
    await connection.execute(_ONE_BEGINS_AT_A_TIME, actor)
    begun = await connection.fetchrow(_BEGUN, actor, now - WINDOW)
    assert begun is not None, "an aggregate answers one row"
    points = locked.points_given + locked.points_taken
    if begun[0] + points > MOST_POINTS_ALONE or begun[1] + locked.members > MOST_MEMBERS_ALONE:
        return False
    if locked.kind != "grant" or step != "apply" or not points:
        return True
    return await count_goodwill(session, actor, points, goodwill, now=now)
