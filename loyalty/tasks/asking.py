"""What staff do with tasks: ask for one, look at it, call it off."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from kernel.database import ReadSession, WriteSession
from kernel.errors import ConflictError, NotFoundError
from loyalty.models import Task


class TaskNotFoundError(NotFoundError):
    """No such task."""

    code = "task_not_found"
    title = "There is no such task."


class TaskEndedError(ConflictError):
    """It is over: there is nothing left to call off."""

    code = "task_ended"
    title = "The task has ended already."


async def ask_for_task(
    session: WriteSession, kind: str, parameters: Mapping[str, Any], *, requested_by: str, now: datetime
) -> Task:
    """Queue a task; a worker takes it up when this transaction has been committed."""
    task = Task(kind=kind, parameters=dict(parameters), requested_by=requested_by, requested_at=now)
    session.add(task)
    await session.flush()
    return task


async def read_task(session: ReadSession, task_id: int) -> Task:
    """Raises ``TaskNotFoundError``."""
    task = (await session.exec(select(Task).where(col(Task.task_id) == task_id))).one_or_none()
    if task is None:
        raise TaskNotFoundError(task_id=task_id)
    return task


async def list_tasks(
    session: ReadSession, *, kind: str | None, state: str | None, below: int | None, limit: int
) -> Sequence[Task]:
    """The latest tasks first, those whose number is below ``below``."""
    statement = select(Task).order_by(col(Task.task_id).desc()).limit(limit)
    if kind is not None:
        statement = statement.where(col(Task.kind) == kind)
    if state is not None:
        statement = statement.where(col(Task.state) == state)
    if below is not None:
        statement = statement.where(col(Task.task_id) < below)
    return (await session.exec(statement)).all()


async def call_off(session: WriteSession, task_id: int, *, now: datetime) -> Task:
    """End a queued task, or ask the worker that has it to stop; what it has committed stays.

    Asking twice is asking once. Raises ``TaskNotFoundError`` and ``TaskEndedError``.
    """
    statement = select(Task).where(col(Task.task_id) == task_id).with_for_update()
    task = (await session.exec(statement)).one_or_none()
    if task is None:
        raise TaskNotFoundError(task_id=task_id)
    if task.state == "queued":
        task.state, task.ended_at = "cancelled", now
    elif task.state == "running":
        task.cancel_asked = True
    elif task.state != "cancelled":
        raise TaskEndedError(None, state=task.state)
    session.add(task)
    await session.flush()
    return task
