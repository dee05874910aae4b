"""Jobs: looked at, given their list, applied, taken back."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from litestar import Controller, Request, Response, get, post, put
from litestar.params import PathParameter

from api.admin.approval_views import ApprovalView, view_approval
from api.admin.job_views import (
    JobItemPage,
    JobPage,
    JobSummary,
    JobView,
    summarise_job,
    view_item,
    view_job,
)
from api.approved_act import ApprovedAct, ask_for_approval
from api.callers import StaffCaller
from api.csv_files import csv_answer
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, number_position
from api.dependencies import ServicesOf, Staff
from api.documented import NOT_MODIFIED, awaiting_approval, created, refusals, write_refusals
from api.etags import conditional
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body
from api.parameters import CodeInQuery
from api.security.permissions import Permission, requires_permission
from api.services import Services
from api.uploads import CSV, CsvUpload, read_upload
from kernel.database import WriteSession
from loyalty.approvals import ApprovalRequest
from loyalty.audit import record_change
from loyalty.jobs.items import list_items, list_problems
from loyalty.jobs.listing import COLUMNS, MOST_LINES, list_members, read_job_list
from loyalty.jobs.making import JobStateError, Step, begin_step, list_jobs, lock_job, read_job
from loyalty.members.ids import member_public_id
from loyalty.models import Approval, Job

MOST_POINTS_ALONE: Final = 100_000
"""A job that gives or takes more in all needs a second person, as does one of more than ``MOST_MEMBERS_ALONE``."""
MOST_MEMBERS_ALONE: Final = 1_000
MAX_FILE_BYTES: Final = 8 * 1024 * 1024
_MOST_IN_A_FILE: Final = 1_000_000
READING: Final = [requires_permission(Permission.JOBS_READ)]
WRITING: Final = [requires_permission(Permission.JOBS_WRITE)]
APPLYING: Final = [requires_permission(Permission.JOBS_APPLY)]

JobInPath = Annotated[int, PathParameter(ge=1, le=2**53 - 1)]


class AdminJobs(Controller):
    """Work on many members at once."""

    path = "/v1/admin/jobs"
    tags = ("Staff: jobs",)

    @get(operation_id="listJobs", summary="Jobs", guards=READING, responses=refusals(401, 403))
    async def list_page(
        self,
        services: ServicesOf,
        kind: CodeInQuery = None,
        cursor: PageCursor = None,
        limit: PageLimit = DEFAULT_PER_PAGE,
    ) -> JobPage:
        async with services.database.read() as session:
            rows = await list_jobs(session, kind=kind, below=number_position(cursor), limit=limit + 1)
        page, following = cut(rows, limit, lambda job: job.job_id)
        return JobPage(jobs=[summarise_job(job) for job in page], next=following)

    @get(
        "/{job_id:int}",
        operation_id="getJob",
        summary="A job: what was asked and what became of it",
        guards=READING,
        responses=NOT_MODIFIED | refusals(401, 403, 404),
    )
    async def read(self, job_id: JobInPath, request: Request[Any, Any, Any], services: ServicesOf) -> Response[JobView]:
        async with services.database.read() as session:
            view = await view_job(session, await read_job(session, job_id))
        return conditional(request, view)

    @put(
        "/{job_id:int}/members",
        operation_id="putJobMembers",
        summary="Send the list of a job's members",
        description=(
            f"CSV with one column, one of {', '.join(COLUMNS)}, and at most {MOST_LINES:,} lines. Lines that name "
            "nobody are left out and listed as problems. Sent again before the preview it takes the earlier one's "
            "place; the preview is asked for with the list."
        ),
        operation_class=CsvUpload,
        request_max_body_size=MAX_FILE_BYTES,
        guards=WRITING,
        responses=write_refusals(401, 403, 404, 415, 422),
    )
    async def put_members(
        self, job_id: JobInPath, request: Request[Any, Any, Any], caller: Staff, services: ServicesOf
    ) -> JobSummary:
        async with services.database.read() as session:
            await read_job(session, job_id)  # whoever names no job is told so before their list is read
        content = await read_upload(request, CSV)
        # In a thread: a large file takes a while to read, in which tills must be answered.
        listed = await asyncio.to_thread(
            read_job_list, content, lookup_key=services.lookup_key, phone_region=services.settings.phone_region
        )
        now = services.clock()
        async with services.database.write() as session:
            job = await lock_job(session, job_id)
            await list_members(session, job, listed)
            await begin_step(session, job, "preview", requested_by=caller.actor, now=now)
            await _record(session, caller, job, "job.listed", now=now)
            await session.commit()
        return summarise_job(job)

    @get(
        "/{job_id:int}/items",
        operation_id="listJobItems",
        summary="What a job does to each member",
        guards=READING,
        responses=refusals(401, 403, 404),
    )
    async def items(
        self,
        job_id: JobInPath,
        services: ServicesOf,
        cursor: PageCursor = None,
        limit: PageLimit = DEFAULT_PER_PAGE,
    ) -> JobItemPage:
        async with services.database.read() as session:
            await read_job(session, job_id)
            rows = await list_items(session, job_id, after=number_position(cursor), limit=limit + 1)
        page, following = cut(rows, limit, lambda item: item.member_id)
        return JobItemPage(items=[view_item(item) for item in page], next=following)

    @get(
        "/{job_id:int}/items/csv",
        operation_id="getJobItemsFile",
        summary="The same as CSV",
        media_type=CSV,
        guards=READING,
        responses=refusals(401, 403, 404),
    )
    async def items_file(self, job_id: JobInPath, services: ServicesOf) -> Response[str]:
        async with services.database.read() as session:
            await read_job(session, job_id)
            rows = await list_items(session, job_id, after=None, limit=_MOST_IN_A_FILE)
        lines = [
            (
                member_public_id(item.member_id),
                wallet,
                item.state,
                item.points.get(wallet) if wallet else None,
                (item.moved or {}).get(wallet),
                (item.returned or {}).get(wallet),
                item.why,
            )
            for item in rows
            for wallet in sorted(item.points) or [""]
        ]
        return csv_answer(_COLUMNS, lines, name=f"job-{job_id}.csv")

    @get(
        "/{job_id:int}/problems/csv",
        operation_id="getJobProblemsFile",
        summary="The lines of its list that could not be used, as CSV",
        media_type=CSV,
        guards=READING,
        responses=refusals(401, 403, 404),
    )
    async def problems_file(self, job_id: JobInPath, services: ServicesOf) -> Response[str]:
        async with services.database.read() as session:
            await read_job(session, job_id)
            rows = await list_problems(session, job_id)
        return csv_answer(("line", "problem"), [(row.line_no, row.message) for row in rows], name=f"job-{job_id}.csv")

    @post(
        "/{job_id:int}/application",
        operation_id="applyJob",
        summary="Apply what was previewed",
        description=(
            "Once to each member, by the worker. Members to whom the preview would say another amount by now are "
            f"skipped and listed. Of more than {MOST_POINTS_ALONE:,} points or {MOST_MEMBERS_ALONE:,} members the "
            "answer is 202 and a second person has to approve. Asked for again, it goes on where it was called off."
        ),
        guards=APPLYING,
        responses=created(JobSummary) | awaiting_approval(ApprovalView) | write_refusals(401, 403, 404, 422),
    )
    async def apply(
        self,
        job_id: JobInPath,
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        async with services.database.read() as session:
            is_large = _is_large(await read_job(session, job_id))

        async def act(session: WriteSession, now: datetime) -> JobSummary | ApprovalView:
            job = await lock_job(session, job_id)
            if _is_large(job) != is_large:  # its preview ended in between
                raise JobStateError(None, state="previewing")
            if is_large and job.state == "previewed":
                return await _ask(services, session, caller, job, now=now)
            return await _begin(session, caller, job, "apply", now=now)

        body = canonical_body("applyJob", {"job_id": job_id})
        return await answer_once(services, caller, idempotency_key, body, act, status=202 if is_large else 201)

    @post(
        "/{job_id:int}/reversal",
        operation_id="reverseJob",
        summary="Take back everything that a job did",
        description=(
            "From each member what the job moved, once: from its own lots first, then by the rules of claw-backs. "
            "What somebody has changed since is kept and listed. A job whose application was called off is taken back "
            "as far as it came."
        ),
        guards=APPLYING,
        responses=created(JobSummary) | write_refusals(401, 403, 404),
    )
    async def reverse(
        self,
        job_id: JobInPath,
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        async def act(session: WriteSession, now: datetime) -> JobSummary:
            return await _begin(session, caller, await lock_job(session, job_id), "reverse", now=now)

        body = canonical_body("reverseJob", {"job_id": job_id})
        return await answer_once(services, caller, idempotency_key, body, act)


_COLUMNS: Final = ("member_id", "wallet", "state", "points", "moved", "returned", "why")


def _is_large(job: Job) -> bool:
    return job.points_given + job.points_taken > MOST_POINTS_ALONE or job.members > MOST_MEMBERS_ALONE


async def _ask(
    services: Services, session: WriteSession, caller: StaffCaller, job: Job, *, now: datetime
) -> ApprovalView:
    wanted = ApprovalRequest(
        kind=APPLYING_A_JOB.kind, subject=f"job:{job.job_id}", payload={"job_id": job.job_id}, reason=job.reason
    )
    return view_approval(await ask_for_approval(services, session, caller, wanted, now=now), now)


async def _begin(session: WriteSession, caller: StaffCaller, job: Job, step: Step, *, now: datetime) -> JobSummary:
    await begin_step(session, job, step, requested_by=caller.actor, now=now)
    await _record(session, caller, job, {"apply": "job.applied", "reverse": "job.reversed"}[step], now=now)
    return summarise_job(job)


async def _record(session: WriteSession, caller: StaffCaller, job: Job, action: str, *, now: datetime) -> None:
    totals = {"members": job.members, "points_given": job.points_given, "points_taken": job.points_taken}
    await record_change(
        session,
        actor=caller.actor,
        action=action,
        subject=f"job:{job.job_id}",
        after=totals,
        reason=job.reason,
        now=now,
    )


async def _carry_out(
    _: Services, session: WriteSession, approval: Approval, caller: StaffCaller, now: datetime
) -> Mapping[str, Any]:
    job = await lock_job(session, approval.payload["job_id"])
    if job.state != "previewed":
        raise JobStateError(None, state=job.state)
    await _begin(session, caller, job, "apply", now=now)
    return {"job_id": job.job_id, "task_id": job.task_id}


APPLYING_A_JOB: Final = ApprovedAct("job.apply", Permission.JOBS_APPLY, _carry_out)
