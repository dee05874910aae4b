"""The worker as a process: killed, stopped, and several at once."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from api.jobs import Job, once, run_job
from api.worker import work
from kernel.clock import system_clock
from kernel.database import Database, WriteSession
from tests.conftest import DatabaseUrls
from tests.worker.pings import Pinged, effects, noting, publish_committed

pytestmark = pytest.mark.anyio

CUT_ALL_CONNECTIONS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
"""
MEMBERS = range(1, 31)
COUNT = 20


@contextmanager
def worker_process(url: str) -> Iterator["subprocess.Popen[str]"]:
    """A worker that is about to look for work."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.worker.crashing_worker", url],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        try:
            wait_until(process, "ready")
            yield process
        finally:
            process.kill()


def wait_until(process: "subprocess.Popen[str]", says: str) -> None:
    assert process.stdout is not None
    next(line for line in process.stdout if says in line)


async def publish_all(database: Database) -> None:
    for number in range(COUNT):
        await publish_committed(database, [Pinged(member_id=member, number=number) for member in MEMBERS])


async def until_noted(database: Database, count: int) -> None:
    """Wait until so many effects are there."""
    while sum(map(len, (await effects(database)).values())) < count:  # noqa: ASYNC110 - it happens in PostgreSQL
        await asyncio.sleep(0.05)


async def finish(database: Database) -> None:
    """Work here until nothing is left."""
    stopping = asyncio.Event()
    working = asyncio.create_task(
        work(database, {Pinged: (noting("slow"),)}, (), {}, clock=system_clock, stopping=stopping)
    )
    await until_noted(database, len(MEMBERS) * COUNT)
    stopping.set()
    await working


EVERYTHING_ONCE_IN_ORDER = {("slow", member): list(range(COUNT)) for member in MEMBERS}


async def test_killing_a_worker_in_the_middle_of_a_batch_loses_nothing_and_repeats_nothing(
    worker_urls: DatabaseUrls, database: Database
) -> None:
    with worker_process(worker_urls.app) as first, worker_process(worker_urls.app) as second:
        await publish_all(database)
        wait_until(first, "in the middle")
        first.send_signal(signal.SIGKILL)
        wait_until(second, "in the middle")
        second.send_signal(signal.SIGKILL)
    with worker_process(worker_urls.app) as third:
        wait_until(third, "in the middle")
        third.send_signal(signal.SIGKILL)
    await finish(database)
    assert await effects(database) == EVERYTHING_ONCE_IN_ORDER


async def test_a_worker_that_is_told_to_end_finishes_its_batch(worker_urls: DatabaseUrls, database: Database) -> None:
    await publish_all(database)
    with worker_process(worker_urls.app) as process:
        wait_until(process, "in the middle")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert await effects(database) != {}
    await finish(database)
    assert await effects(database) == EVERYTHING_ONCE_IN_ORDER


async def test_a_job_runs_in_one_process_at_a_time(worker_urls: DatabaseUrls, database: Database) -> None:
    other = Database(worker_urls.app, pool_size=2)
    inside, go_on, runs = asyncio.Event(), asyncio.Event(), []

    async def linger(session: WriteSession, *, now: object) -> None:
        runs.append(now)
        inside.set()
        await go_on.wait()

    job = Job("linger", timedelta(hours=1), once(linger))
    first = asyncio.create_task(run_job(job, database, system_clock))
    await inside.wait()
    assert await run_job(job, other, system_clock) is None
    go_on.set()
    assert await first == 1
    assert await run_job(job, other, system_clock) == 1
    assert len(runs) == 2
    await other.close()


async def test_a_worker_outlives_the_loss_of_its_connections(worker_urls: DatabaseUrls, database: Database) -> None:
    stopping = asyncio.Event()
    lost = Database(worker_urls.app, pool_size=5)
    working = asyncio.create_task(
        work(lost, {Pinged: (noting("slow"),)}, (), {}, clock=system_clock, stopping=stopping)
    )
    await publish_committed(database, [Pinged(member_id=1, number=0)])
    await until_noted(database, 1)
    await database.close()  # Only the worker's connections are left to be cut.
    killer = await asyncpg.connect(worker_urls.app.replace("+asyncpg", ""))
    cut = await killer.fetchval(CUT_ALL_CONNECTIONS)
    await killer.close()
    assert cut > 0
    await publish_committed(database, [Pinged(member_id=1, number=1)])
    await until_noted(database, 2)
    stopping.set()
    await working
    assert await effects(database) == {("slow", 1): [0, 1]}
    await lost.close()
