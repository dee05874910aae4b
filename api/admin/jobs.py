"""Jobs: looked at, and given their list. ``job_steps.py`` applies them and takes them back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Annotated, Any, Final, Protocol, TypeVar

from litestar import Controller, Request, Response, get, put
from litestar.params import PathParameter

from api.admin.job_views import (
    ITEM_COLUMNS,
    JobItemPage,
    JobPage,
    JobSummary,
    JobView,
    item_cells,
    summarise_job,
    view_item,
    view_job,
)
from api.callers import StaffCaller
from api.csv_files import csv_stream
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, number_position
from api.dependencies import ServicesOf, Staff
from api.documented import NOT_MODIFIED, refusals, write_refusals
from api.etags import conditional
from api.parameters import CodeInQuery
from api.security.permissions import Permission, PermissionMissingError, has_permission, requires_permission
from api.services import Services
from api.uploads import CSV, MembersUpload, read_upload
from kernel.database import ReadSession
from loyalty.audit import record_change
from loyalty.jobs.items import list_items, list_problems
from loyalty.jobs.listing import COLUMNS, MOST_LINES, is_address, list_members, names_addresses, read_job_list
from loyalty.jobs.making import begin_preview_anew, list_jobs, lock_job, read_job

MAX_FILE_BYTES: Final = 8 * 1024 * 1024
_ROWS_AT_ONCE: Final = 2_000
READING: Final = [requires_permission(Permission.JOBS_READ)]
WRITING: Final = [requires_permission(Permission.JOBS_WRITE)]

Row = TypeVar("Row")
Row_co = TypeVar("Row_co", covariant=True)
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
            "nobody are left out and listed as problems. The preview is asked for with the list. Sent again before the "
            "job is applied it takes the earlier one's place, and so does its preview. A list of phones, e-mails or "
            "cards takes the right to look members up."
        ),
        operation_class=MembersUpload,
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
        _require_look_up(caller, by_address=is_address(listed.column))
        now = services.clock()
        async with services.database.write() as session:
            job = await lock_job(session, job_id)
            await list_members(session, job, listed)
            await begin_preview_anew(session, job, requested_by=caller.actor, now=now)
            await record_change(
                session,
                actor=caller.actor,
                action="job.listed",
                subject=f"job:{job.job_id}",
                after={"column": listed.column, "members": job.members, "problems": job.problems},
                reason=job.reason,
                now=now,
            )
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
        caller: Staff,
        services: ServicesOf,
        cursor: PageCursor = None,
        limit: PageLimit = DEFAULT_PER_PAGE,
    ) -> JobItemPage:
        async with services.database.read() as session:
            _require_look_up(caller, by_address=names_addresses(await read_job(session, job_id)))
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
    async def items_file(self, job_id: JobInPath, caller: Staff, services: ServicesOf) -> Response[str]:
        async with services.database.read() as session:
            _require_look_up(caller, by_address=names_addresses(await read_job(session, job_id)))
        pages = _pages(services, partial(list_items, job_id=job_id), lambda item: item.member_id)
        lines = ([cells for item in page for cells in item_cells(item)] async for page in pages)
        return csv_stream(ITEM_COLUMNS, lines, name=f"job-{job_id}.csv")

    @get(
        "/{job_id:int}/problems/csv",
        operation_id="getJobProblemsFile",
        summary="The lines of its list that could not be used, as CSV",
        media_type=CSV,
        guards=READING,
        responses=refusals(401, 403, 404),
    )
    async def problems_file(self, job_id: JobInPath, caller: Staff, services: ServicesOf) -> Response[str]:
        async with services.database.read() as session:
            _require_look_up(caller, by_address=names_addresses(await read_job(session, job_id)))
        pages = _pages(services, partial(list_problems, job_id=job_id), lambda problem: problem.line_no)
        lines = ([(problem.line_no, problem.message) for problem in page] async for page in pages)
        return csv_stream(("line", "problem"), lines, name=f"job-{job_id}-problems.csv")


def _require_look_up(caller: StaffCaller, *, by_address: bool) -> None:
    """Whether phones, e-mails and cards are somebody's is told only to those who may look members up: a list of one
    would tell, by its count.
    """
    if by_address and not has_permission(caller, Permission.MEMBERS_READ):
        raise PermissionMissingError(permission=Permission.MEMBERS_READ.value)


class _PageOf(Protocol[Row_co]):
    def __call__(self, session: ReadSession, *, after: int | None, limit: int) -> Awaitable[Sequence[Row_co]]: ...


async def _pages(
    services: Services, page_of: _PageOf[Row], place: Callable[[Row], int]
) -> AsyncIterator[Sequence[Row]]:
    """All rows, each page in a transaction of its own: nothing is kept open for a slow reader."""
    after = None
    while True:
        async with services.database.read() as session:
            page = await page_of(session, after=after, limit=_ROWS_AT_ONCE)
        yield page
        if len(page) < _ROWS_AT_ONCE:
            return
        after = place(page[-1])
