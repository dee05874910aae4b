"""Beginning a job, and its way from state to state: previewed, applied, reversed, each by a task of the worker."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, TypeAlias

import msgspec
from sqlmodel import col, select

from kernel.database import ReadSession, WriteSession
from kernel.errors import ConflictError, NotFoundError
from loyalty.jobs.kinds import Asked, kind_of
from loyalty.models import Job, JobStep, Task
from loyalty.tasks.asking import ask_for_task

Step: TypeAlias = Literal["preview", "apply", "reverse"]
TASKS: Final[dict[Step, str]] = {"preview": "job.preview", "apply": "job.apply", "reverse": "job.reverse"}
_STATES: Final[dict[Step, tuple[str, str, str]]] = {
    "preview": ("listing", "previewing", "previewed"),
    "apply": ("previewed", "applying", "applied"),
    "reverse": ("applied", "reversing", "reversed"),
}
"""Step -> the state that it begins in, is in, and ends in."""


class JobNotFoundError(NotFoundError):
    """No such job."""

    code = "job_not_found"
    title = "There is no such job."


class JobStateError(ConflictError):
    """The job is in a ``state`` that does not allow it."""

    code = "job_state"
    title = "The job's state does not allow this."


async def begin_job(
    session: WriteSession,
    asked: Asked,
    *,
    segment: str | None,
    awaits_list: bool,
    reason: str,
    requested_by: str,
    now: datetime,
) -> Job:
    """A job for the members of ``segment``, for everybody, or for a list that is still to come.

    Unless it waits for its list, its preview is asked for at once.
    """
    job = Job(
        kind=kind_of(asked),
        parameters={"asked": msgspec.to_builtins(asked), "segment": segment, "listed": awaits_list},
        state="listing",
        reason=reason,
        requested_by=requested_by,
        requested_at=now,
    )
    session.add(job)
    await session.flush()
    if not awaits_list:
        await begin_step(session, job, "preview", requested_by=requested_by, now=now)
    return job


async def require_step(session: ReadSession, locked: Job, step: Step) -> bool:
    """Whether the step begins with this, and does not go on where it was called off or failed.

    Raises ``JobStateError`` where it can do neither: in any other state, and while a task is at it.
    """
    before, during, _ = _STATES[step]
    halfway = (during, "applying") if step == "reverse" else (during,)
    if locked.state != before and locked.state not in halfway:
        raise JobStateError(None, state=locked.state)
    if locked.state in halfway and locked.task_id is not None:
        task = (await session.exec(select(Task).where(col(Task.task_id) == locked.task_id))).one()
        if task.state in ("queued", "running"):
            raise JobStateError(None, state=locked.state)
    return locked.state != during


async def begin_step(
    session: WriteSession,
    locked: Job,
    step: Step,
    *,
    requested_by: str,
    approved_by: str | None = None,
    now: datetime,
) -> Task:
    """Ask for the task that does a step; again, when the task before was called off or failed.

    What was applied in part is taken back as far as it came. Whoever applies or takes back first is noted. Raises
    ``JobStateError`` as ``require_step`` does.
    """
    if await require_step(session, locked, step) and step != "preview":
        session.add(
            JobStep(
                job_id=locked.job_id,
                step=step,
                actor=requested_by,
                approved_by=approved_by,
                begun_at=now,
                members=locked.members,
                points=locked.points_given + locked.points_taken,
            )
        )
    return await _ask(session, locked, step, requested_by=requested_by, now=now)


async def begin_preview_anew(session: WriteSession, locked: Job, *, requested_by: str, now: datetime) -> Task:
    """Ask for a preview in the place of an earlier one, which may still be made: nobody will look at it.

    Raises ``JobStateError`` once the job has been applied.
    """
    if locked.state not in ("listing", "previewing", "previewed"):
        raise JobStateError(None, state=locked.state)
    return await _ask(session, locked, "preview", requested_by=requested_by, now=now)


async def _ask(session: WriteSession, locked: Job, step: Step, *, requested_by: str, now: datetime) -> Task:
    task = await ask_for_task(session, TASKS[step], {"job_id": locked.job_id}, requested_by=requested_by, now=now)
    locked.state, locked.task_id = _STATES[step][1], task.task_id
    session.add(locked)
    await session.flush()
    return task


async def end_step(session: WriteSession, job_id: int, step: Step) -> None:
    """Note that a step is done, once."""
    job = await lock_job(session, job_id)
    _, during, after = _STATES[step]
    if job.state == during:
        job.state = after
        session.add(job)
        await session.flush()


async def is_under_way(session: WriteSession, job_id: int, step: Step) -> bool:
    """Whether the job is in a step still, which nobody ends until the transaction does.

    A worker that was thought dead may find that another has ended it, or that the job is being taken back.
    """
    return (await lock_job(session, job_id)).state == _STATES[step][1]


async def read_job(session: ReadSession, job_id: int) -> Job:
    """Raises ``JobNotFoundError``."""
    job = (await session.exec(select(Job).where(col(Job.job_id) == job_id))).one_or_none()
    if job is None:
        raise JobNotFoundError(job_id=job_id)
    return job


async def lock_job(session: WriteSession, job_id: int) -> Job:
    """The job, whose state nobody else changes until the transaction ends. Raises ``JobNotFoundError``."""
    statement = select(Job).where(col(Job.job_id) == job_id).with_for_update()
    job = (await session.exec(statement.execution_options(populate_existing=True))).one_or_none()
    if job is None:
        raise JobNotFoundError(job_id=job_id)
    return job


async def list_jobs(session: ReadSession, *, kind: str | None, below: int | None, limit: int) -> Sequence[Job]:
    """The latest jobs first, those whose number is below ``below``."""
    statement = select(Job).order_by(col(Job.job_id).desc()).limit(limit)
    if kind is not None:
        statement = statement.where(col(Job.kind) == kind)
    if below is not None:
        statement = statement.where(col(Job.job_id) < below)
    return (await session.exec(statement)).all()
