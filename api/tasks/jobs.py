"""The tasks of jobs: previewing, applying, taking back. Each page of members is a transaction of its own."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from api.backtesting import in_parts
from api.tasks.working import Report
from kernel.clock import Clock
from kernel.database import Database, WriteSession
from loyalty.backtesting.running import DRAFT_VERSION
from loyalty.jobs.applying import Recheck, apply_page
from loyalty.jobs.items import count_items, replace_items
from loyalty.jobs.kinds import Asked, Retroactive, asked_of
from loyalty.jobs.making import TASKS, Step, end_step, is_under_way, lock_job, read_job
from loyalty.jobs.owing import Amounts, Owed, add_to, let_through, sums_owed_for
from loyalty.jobs.previewing import audience_of, same_for_all
from loyalty.jobs.retroactive import owed_now, question_of
from loyalty.jobs.reversing import reverse_page
from loyalty.models import Job
from loyalty.programme.publishing import refresh
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.programme.versions import PublishedProgrammes
from loyalty.tasks.leasing import Taken

if TYPE_CHECKING:
    from asyncpg import Connection, Record

MEMBERS_AT_ONCE: Final = 100
"""In one transaction: so long are their tills kept waiting at the most."""
PREVIEW_JOB: Final = TASKS["preview"]
APPLY_JOB: Final = TASKS["apply"]
REVERSE_JOB: Final = TASKS["reverse"]

Page = Callable[[WriteSession], Awaitable[int]]


class JobDone(Struct, frozen=True, kw_only=True):
    """What a step came to: items by state."""

    job_id: int
    items: dict[str, int]


async def preview_job(database: Database, clock: Clock, task: Taken, report: Report) -> JobDone:
    """Find out what each member would get, and keep it in place of what was kept before."""
    job_id: int = task.parameters["job_id"]
    now = clock()
    programmes = PublishedProgrammes()
    async with database.read() as session:
        await refresh(session, programmes)
        job = await read_job(session, job_id)
        asked = asked_of(job.kind, job.parameters)
        members = await audience_of(session, job, programmes.at(now), now=now)
    if isinstance(asked, Retroactive):
        owed: Amounts = {}
        for fact in asked.facts:
            question = question_of(asked, members, recorded_by=now)
            async for sums in in_parts(database, question, partial(sums_owed_for, fact), report):
                add_to(owed, sums)
        amounts = let_through(owed, asked.direction)
    else:
        amounts = same_for_all(asked, members or ())
    async with database.write() as session:
        job = await lock_job(session, job_id)
        # Where another list was sent meanwhile, another task makes the preview.
        if job.state == "previewing" and job.task_id == task.task_id:
            await replace_items(session, job, amounts)
            await end_step(session, job_id, "preview")
        await session.commit()
    return await _done(database, job_id)


async def apply_job(database: Database, clock: Clock, task: Taken, report: Report) -> JobDone:
    """Do what was previewed, once to each member."""
    job, asked = await _asked(database, task)
    recheck = await _recheck(database, clock, asked) if isinstance(asked, Retroactive) else None

    async def page(session: WriteSession) -> int:
        return await apply_page(session, job, asked, recheck=recheck, limit=MEMBERS_AT_ONCE, now=clock())

    return await _page_by_page(database, job, "apply", page, report)


async def reverse_job(database: Database, clock: Clock, task: Taken, report: Report) -> JobDone:
    """Take back what was done, once from each member."""
    job, asked = await _asked(database, task)

    async def page(session: WriteSession) -> int:
        return await reverse_page(session, job, asked, limit=MEMBERS_AT_ONCE, now=clock())

    return await _page_by_page(database, job, "reverse", page, report)


async def _page_by_page(database: Database, job: Job, step: Step, page: Page, report: Report) -> JobDone:
    done = 0
    while True:
        async with database.write() as session:
            # The job before its members: nobody who has locked a member asks for a job.
            if not await is_under_way(session, job.job_id, step):
                return await _done(database, job.job_id)
            settled = await page(session)
            if not settled:
                await end_step(session, job.job_id, step)
            await session.commit()
        if not settled:
            return await _done(database, job.job_id)
        done += settled
        report(done, max(done, job.members))


async def _asked(database: Database, task: Taken) -> tuple[Job, Asked]:
    async with database.read() as session:
        job = await read_job(session, task.parameters["job_id"])
    return job, asked_of(job.kind, job.parameters)


async def _recheck(database: Database, clock: Clock, asked: Retroactive) -> Recheck:
    """Ask the past again about members who are locked."""
    programmes = PublishedProgrammes()
    async with database.read() as session:
        await refresh(session, programmes)
    draft = ProgrammeSnapshot(DRAFT_VERSION, asked.document)

    async def recheck(connection: "Connection[Record]", members: Collection[int]) -> Sequence[Owed]:
        return await owed_now(connection, asked, members, draft, programmes, now=clock())

    return recheck


async def _done(database: Database, job_id: int) -> JobDone:
    async with database.read() as session:
        return JobDone(job_id=job_id, items=await count_items(session, job_id))
