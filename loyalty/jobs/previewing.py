"""Whom a job concerns, and what each of them would get."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from kernel.database import ReadSession, driver
from loyalty.jobs.kinds import Asked, PointsGrant
from loyalty.jobs.owing import Amounts
from loyalty.models import Job
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.segments.scanning import members_in

_LISTED: Final = "SELECT member_id FROM job_item WHERE job_id = $1 AND state = 'listed'"
_AT_ONCE: Final = 1_000


async def audience_of(
    session: ReadSession, job: Job, programme: ProgrammeSnapshot, *, now: datetime
) -> Collection[int] | None:
    """The members of the job's list or segment; None: everybody. ``programme`` is in force now."""
    if job.parameters["listed"]:
        return [row[0] for row in await (await driver(session)).fetch(_LISTED, job.job_id)]
    segment = job.parameters["segment"]
    if segment is None:
        return None
    members: list[int] = []
    after: int | None = 0
    while after is not None:
        found = await members_in(session, segment, programme, after=after, limit=_AT_ONCE, now=now)
        members += found.members
        after = found.after
    return members


def same_for_all(asked: Asked, members: Collection[int]) -> Amounts:
    """What a bulk operation does to each of its members."""
    points = {asked.wallet: asked.points} if isinstance(asked, PointsGrant) else {}
    return {member_id: dict(points) for member_id in members}
