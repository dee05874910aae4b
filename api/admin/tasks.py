"""Long work: how far it is, what came of it, and calling it off."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Controller, Request, Response, get, put
from litestar.params import PathParameter, QueryParameter
from msgspec import Struct

from api.admin.views import view_of
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, number_position
from api.dependencies import ServicesOf, Staff
from api.documented import NOT_MODIFIED, refusals, write_refusals
from api.etags import conditional
from api.parameters import CodeInQuery
from api.security.permissions import Permission, requires_permission
from loyalty.audit import record_change
from loyalty.tasks.asking import call_off, list_tasks, read_task

TaskInPath = Annotated[int, PathParameter(ge=1, le=2**53 - 1)]
StateInQuery = Annotated[
    str | None, QueryParameter(name="state", min_length=1, max_length=16, pattern="^[a-z]+$(?!\\n)", required=False)
]


class TaskSummary(Struct, frozen=True, kw_only=True):
    """A task and how far it is."""

    task_id: int
    kind: str
    """``back-test``, ...; may grow."""
    state: str
    """``queued``, ``running``, ``done``, ``failed``, ``cancelled``."""
    done: int
    """Steps that are done, of ``total``."""
    total: int | None
    """Null until the steps have been counted."""
    error: str | None
    """Why it failed."""
    requested_by: str
    requested_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    cancel_asked: bool
    """It was called off, and its worker has not stopped yet."""


class TaskView(TaskSummary, frozen=True, kw_only=True):
    """A task with what was asked for and what came of it."""

    parameters: dict[str, Any]
    result: dict[str, Any] | None
    """Null until it is done. What is in it depends on the kind."""


class TaskPage(Struct, frozen=True, kw_only=True):
    """The latest first. ``next`` is the cursor of the next page; null on the last."""

    tasks: list[TaskSummary]
    next: str | None


class AdminTasks(Controller):
    """What the worker does for staff."""

    path = "/v1/admin/tasks"
    tags = ("Staff: long work",)

    @get(
        operation_id="listTasks",
        summary="Long work",
        description="By kind and state.",
        guards=[requires_permission(Permission.PROGRAMME_READ)],
        responses=refusals(401, 403),
    )
    async def list_page(
        self,
        services: ServicesOf,
        kind: CodeInQuery = None,
        in_state: StateInQuery = None,
        cursor: PageCursor = None,
        limit: PageLimit = DEFAULT_PER_PAGE,
    ) -> TaskPage:
        async with services.database.read() as session:
            rows = await list_tasks(session, kind=kind, state=in_state, below=number_position(cursor), limit=limit + 1)
        page, following = cut(rows, limit, lambda task: task.task_id)
        return TaskPage(tasks=[view_of(task, TaskSummary) for task in page], next=following)

    @get(
        "/{task_id:int}",
        operation_id="getTask",
        summary="A task: its progress and its result",
        guards=[requires_permission(Permission.PROGRAMME_READ)],
        responses=NOT_MODIFIED | refusals(401, 403, 404),
    )
    async def read(
        self, task_id: TaskInPath, request: Request[Any, Any, Any], services: ServicesOf
    ) -> Response[TaskView]:
        async with services.database.read() as session:
            task = await read_task(session, task_id)
        return conditional(request, view_of(task, TaskView))

    @put(
        "/{task_id:int}/cancellation",
        operation_id="cancelTask",
        summary="Call a task off",
        description="One that runs stops within seconds; what it has written stays. Asking twice is asking once.",
        guards=[requires_permission(Permission.TASKS_CANCEL)],
        responses=write_refusals(401, 403, 404),
    )
    async def cancel(self, task_id: TaskInPath, caller: Staff, services: ServicesOf) -> TaskSummary:
        now = services.clock()
        async with services.database.write() as session:
            task = await call_off(session, task_id, now=now)
            await record_change(
                session, actor=caller.actor, action="task.cancelled", subject=f"task:{task_id}", now=now
            )
            await session.commit()
        return view_of(task, TaskSummary)
