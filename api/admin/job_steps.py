"""Applying a job and taking it back: alone within what one person may begin in a day, else with a second person."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from litestar import post

from api.admin.approval_views import ApprovalView, view_approval
from api.admin.job_views import JobSummary, summarise_job
from api.admin.jobs import JobInPath
from api.approved_act import ApprovedAct, CarryOut, ask_for_approval
from api.callers import StaffCaller
from api.dependencies import ServicesOf, Staff
from api.documented import awaiting_approval, created, write_refusals
from api.idempotency import Act, Answered, Awaiting, OptionalIdempotencyKey, answer_once, canonical_body
from api.security.permissions import Permission, requires_permission, roles_with
from api.services import Services
from kernel.database import WriteSession
from kernel.errors import ConflictError
from loyalty.approvals import ApprovalRequest
from loyalty.audit import record_change
from loyalty.goodwill import limit_of
from loyalty.jobs.allowance import MOST_MEMBERS_ALONE, MOST_POINTS_ALONE, may_begin_alone
from loyalty.jobs.making import Step, begin_step, lock_job, require_step
from loyalty.models import Approval, Job

APPLYING: Final = [requires_permission(Permission.JOBS_APPLY)]
_ALONE: Final = (
    f"What one person applies and takes back alone within a day comes to at most {MOST_POINTS_ALONE:,} points and "
    f"{MOST_MEMBERS_ALONE:,} members over all jobs; beyond that the answer is 202 and a second person has to approve."
)
_NOTED: Final[dict[Step, str]] = {"apply": "job.applied", "reverse": "job.reversed"}


class JobChangedError(ConflictError):
    """Its preview, or what was applied of it, is not what the second person was asked about."""

    code = "job_changed"
    title = "The job has changed since this was asked for."


@post(
    "/v1/admin/jobs/{job_id:int}/application",
    operation_id="applyJob",
    summary="Apply what was previewed",
    description=(
        "Once to each member, by the worker. Members to whom the preview would say another amount by now are skipped "
        f"and listed. {_ALONE} What is granted counts as the goodwill of who applies it, too. Asked for again, it "
        "goes on where it was called off."
    ),
    tags=["Staff: jobs"],
    guards=APPLYING,
    responses=created(JobSummary) | awaiting_approval(ApprovalView) | write_refusals(401, 403, 404, 422),
)
async def apply_job(
    job_id: JobInPath,
    caller: Staff,
    services: ServicesOf,
    idempotency_key: OptionalIdempotencyKey = None,
) -> Answered:
    body = canonical_body("applyJob", {"job_id": job_id})
    return await answer_once(services, caller, idempotency_key, body, _step(services, caller, job_id, "apply"))


@post(
    "/v1/admin/jobs/{job_id:int}/reversal",
    operation_id="reverseJob",
    summary="Take back everything that a job did",
    description=(
        "From each member what the job moved, once: from its own lots first, then by the rules of claw-backs. What "
        "somebody has changed since is kept and listed. A job whose application was called off is taken back as far "
        f"as it came. {_ALONE}"
    ),
    tags=["Staff: jobs"],
    guards=APPLYING,
    responses=created(JobSummary) | awaiting_approval(ApprovalView) | write_refusals(401, 403, 404),
)
async def reverse_job(
    job_id: JobInPath,
    caller: Staff,
    services: ServicesOf,
    idempotency_key: OptionalIdempotencyKey = None,
) -> Answered:
    body = canonical_body("reverseJob", {"job_id": job_id})
    return await answer_once(services, caller, idempotency_key, body, _step(services, caller, job_id, "reverse"))


def _step(services: Services, caller: StaffCaller, job_id: int, step: Step) -> Act:
    async def act(session: WriteSession, now: datetime) -> JobSummary | Awaiting:
        job = await lock_job(session, job_id)
        goodwill = limit_of(services.programmes.at(now).document.goodwill, roles_with(caller, Permission.JOBS_APPLY))
        if await require_step(session, job, step) and not await may_begin_alone(
            session, job, step, actor=caller.actor, goodwill=goodwill, now=now
        ):
            return Awaiting(await _ask(services, session, caller, job, step, now=now))
        return await _begin(session, job, step, by=caller.actor, approved_by=None, now=now)

    return act


async def _ask(
    services: Services, session: WriteSession, caller: StaffCaller, job: Job, step: Step, *, now: datetime
) -> ApprovalView:
    wanted = ApprovalRequest(kind=f"job.{step}", subject=f"job:{job.job_id}", payload=_payload(job), reason=job.reason)
    return view_approval(await ask_for_approval(services, session, caller, wanted, now=now), now)


def _payload(job: Job) -> dict[str, Any]:
    """What the second person allows: this job as its last task left it."""
    return {
        "job_id": job.job_id,
        "task_id": job.task_id,
        "members": job.members,
        "points_given": job.points_given,
        "points_taken": job.points_taken,
    }


async def _begin(
    session: WriteSession, job: Job, step: Step, *, by: str, approved_by: str | None, now: datetime
) -> JobSummary:
    await begin_step(session, job, step, requested_by=by, approved_by=approved_by, now=now)
    totals = {"members": job.members, "points_given": job.points_given, "points_taken": job.points_taken}
    await record_change(
        session,
        actor=by,
        action=_NOTED[step],
        subject=f"job:{job.job_id}",
        after=totals | ({"approved_by": approved_by} if approved_by else {}),
        reason=job.reason,
        now=now,
    )
    return summarise_job(job)


def _carrying_out(step: Step) -> CarryOut:
    async def carry_out(
        _: Services, session: WriteSession, approval: Approval, caller: StaffCaller, now: datetime
    ) -> Mapping[str, Any]:
        job = await lock_job(session, approval.payload["job_id"])
        await require_step(session, job, step)
        if _payload(job) != approval.payload:
            raise JobChangedError
        await _begin(session, job, step, by=approval.requested_by, approved_by=caller.actor, now=now)
        return {"job_id": job.job_id, "task_id": job.task_id}

    return carry_out


APPLYING_A_JOB: Final = ApprovedAct("job.apply", Permission.JOBS_APPLY, _carrying_out("apply"))
REVERSING_A_JOB: Final = ApprovedAct("job.reverse", Permission.JOBS_APPLY, _carrying_out("reverse"))
