"""Working on tasks: one at a time in each process, kept under a lease, reported, called off, begun again."""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final, TypeAlias

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from api.metrics import TASKS
from kernel.clock import Clock
from kernel.database import Database
from kernel.errors import DomainError
from loyalty.tasks.leasing import Ending, Taken, end_task, keep_task, put_back, take_task

KEEP_EVERY_S: Final = 1.0
"""How often the lease is renewed and the progress told: so old is what staff see."""
_UNREACHABLE: Final = (
    *(OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, DBAPIError, PoolTimeoutError),
    *(asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError),
)
"""The database went away, or somebody kept a lock: the lease ends by itself and the task is begun again."""

log = structlog.get_logger()

Report: TypeAlias = Callable[[int, int | None], None]
"""Takes the steps that are done and how many there are in all, None while that is not known."""
Run: TypeAlias = Callable[[Database, Clock, Taken, Report], Awaitable[object]]
"""Does a task in transactions of its own and returns its result, as JSON can say it.

It may be cancelled at any await and begun again from the start, perhaps while a worker that was thought dead still
works on it: what it writes it writes once. A ``DomainError`` is a failure that staff can read.
"""


class _Progress:
    """What was reported last."""

    def __init__(self) -> None:
        self.done = 0
        self.total: int | None = None

    def __call__(self, done: int, total: int | None) -> None:
        self.done, self.total = done, total


class Tasks:
    """The tasks of one database, worked on by this process."""

    def __init__(self, database: Database, kinds: Mapping[str, Run], *, clock: Clock, stopping: asyncio.Event) -> None:
        self._database = database
        self._kinds = kinds
        self._clock = clock
        self._stopping = stopping

    async def work_on_next(self) -> int:
        """Take the next task and work on it to its end; the number of tasks taken."""
        holder = uuid.uuid4().hex
        async with self._database.write() as session:
            task = await take_task(session, sorted(self._kinds), holder=holder, now=self._clock())
            await session.commit()
        if task is None:
            return 0
        log.info("task_begun", task=task.task_id, kind=task.kind, attempt=task.attempts)
        began = time.perf_counter()
        outcome = await self._work_on(task, holder)
        TASKS.labels(task.kind, outcome).observe(time.perf_counter() - began)
        log.info("task_left", task=task.task_id, kind=task.kind, outcome=outcome)
        return 1

    async def _work_on(self, task: Taken, holder: str) -> str:
        progress = _Progress()
        work = asyncio.ensure_future(self._kinds[task.kind](self._database, self._clock, task, progress))
        try:
            verdict = await self._keep_until_done(work, task, holder, progress)
        finally:
            if not work.done():
                work.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await work
        if verdict == "put_back":
            async with self._database.write() as session:
                await put_back(session, task.task_id, holder=holder)
                await session.commit()
        elif verdict == "stop":
            await self._end(task, holder, "cancelled")
        elif verdict == "go_on":
            return await self._conclude(work, task, holder)
        return verdict

    async def _keep_until_done(
        self, work: "asyncio.Future[object]", task: Taken, holder: str, progress: _Progress
    ) -> str:
        """Renew the lease until the work has ended, or must: it was called off, was lost, or the process ends."""
        stop = asyncio.ensure_future(self._stopping.wait())
        either: tuple[asyncio.Future[Any], ...] = (work, stop)
        try:
            while True:
                await asyncio.wait(either, timeout=KEEP_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
                verdict = await self._keep(task, holder, progress)
                if work.done() or verdict != "go_on":
                    return verdict if verdict == "lost" or not work.done() else "go_on"
                if stop.done():
                    return "put_back"
        finally:
            stop.cancel()

    async def _keep(self, task: Taken, holder: str, progress: _Progress) -> str:
        try:
            async with self._database.write() as session:
                verdict = await keep_task(
                    session,
                    task.task_id,
                    holder=holder,
                    done=progress.done,
                    total=progress.total,
                    now=self._clock(),
                )
                await session.commit()
        except _UNREACHABLE as error:
            log.warning("task_not_kept", task=task.task_id, error=type(error).__name__)
            return "go_on"
        return verdict

    async def _conclude(self, work: "asyncio.Future[object]", task: Taken, holder: str) -> str:
        try:
            result = work.result()
        except DomainError as refusal:
            await self._end(task, holder, "failed", error=refusal.detail)
            return "failed"
        except _UNREACHABLE as error:
            log.warning("task_interrupted", task=task.task_id, error=type(error).__name__)
            return "interrupted"
        except Exception as error:
            log.error("task_failed", task=task.task_id, kind=task.kind, exc_info=error)
            await self._end(task, holder, "failed", error=type(error).__name__)
            return "failed"
        await self._end(task, holder, "done", result=result)
        return "done"

    async def _end(
        self, task: Taken, holder: str, state: Ending, *, result: object = None, error: str | None = None
    ) -> None:
        async with self._database.write() as session:
            await end_task(session, task.task_id, state, holder=holder, result=result, error=error, now=self._clock())
            await session.commit()
