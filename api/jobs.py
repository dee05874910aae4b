"""How the jobs of ``api/schedule.py`` are run: in bounded transactions, each job by one process at a time.

The domain functions are safe to run twice, late or never; that is why no table remembers when one ran. An advisory
lock only keeps two processes from doing the same work at once.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeAlias

import structlog

from api.metrics import JOBS
from api.waiting import rest
from kernel.clock import Clock
from kernel.database import Database, WriteSession, try_exclusive

_FIRST_RUN_WITHIN_S: Final = 5.0

log = structlog.get_logger()

Run: TypeAlias = Callable[[Database, Clock], Awaitable[int]]
"""Does all that is due now, in transactions of its own, and returns how many things it handled."""


@dataclass(frozen=True)
class Job:
    """``every`` is counted from the end of one run to the start of the next, in each worker process."""

    name: str
    every: timedelta
    run: Run


class Once(Protocol):
    """A domain function that does its whole work in one statement."""

    def __call__(self, session: WriteSession, /, *, now: datetime) -> Awaitable[object]: ...


class Batch(Protocol):
    """A domain function that handles at most ``limit`` due things and returns how many there were."""

    def __call__(self, session: WriteSession, /, *, now: datetime, limit: int) -> Awaitable[int]: ...


class Step(Protocol):
    """Where a walk over all members stands; ``last_member_id`` is None at its end."""

    @property
    def handled(self) -> int: ...

    @property
    def last_member_id(self) -> int | None: ...


class Walk(Protocol):
    """A domain function that looks at the next ``limit`` members whose id is above ``after``."""

    def __call__(self, session: WriteSession, /, *, now: datetime, limit: int, after: int) -> Awaitable[Step]: ...


def once(function: Once) -> Run:
    """One transaction a run."""

    async def run(database: Database, clock: Clock) -> int:
        async with database.write() as session:
            await function(session, now=clock())
            await session.commit()
        return 1

    return run


def drain(function: Batch, *, limit: int) -> Run:
    """A transaction for each ``limit`` due things, until fewer than that are left."""

    async def run(database: Database, clock: Clock) -> int:
        handled = 0
        while True:
            async with database.write() as session:
                done = await function(session, now=clock(), limit=limit)
                await session.commit()
            handled += done
            if done < limit:
                return handled

    return run


def walk(function: Walk, *, limit: int) -> Run:
    """A transaction for each ``limit`` members, through all of them."""

    async def run(database: Database, clock: Clock) -> int:
        handled, after = 0, 0
        while True:
            async with database.write() as session:
                step = await function(session, now=clock(), limit=limit, after=after)
                await session.commit()
            handled += step.handled
            if step.last_member_id is None:
                return handled
            after = step.last_member_id

    return run


async def run_job(job: Job, database: Database, clock: Clock) -> int | None:
    """Run ``job`` now. None when another process is at it."""
    async with database.write() as guard:
        if not await try_exclusive(guard, f"job/{job.name}"):
            return None
        return await job.run(database, clock)


async def keep_running(job: Job, database: Database, clock: Clock, *, stopping: asyncio.Event) -> None:
    """Run ``job`` again and again until ``stopping``. An error is logged, counted and tried anew."""
    await rest(stopping, random.uniform(0, _FIRST_RUN_WITHIN_S))  # noqa: S311 - spreads load and decides nothing
    while not stopping.is_set():
        began = time.perf_counter()
        try:
            handled = await run_job(job, database, clock)
        except Exception as error:
            JOBS.labels(job.name, "failed").observe(time.perf_counter() - began)
            log.error("job_failed", job=job.name, exc_info=error)
        else:
            if handled is not None:
                JOBS.labels(job.name, "done").observe(time.perf_counter() - began)
                log.debug("job_done", job=job.name, handled=handled)
        await rest(stopping, job.every.total_seconds())
