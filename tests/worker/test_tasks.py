"""Tasks in the worker: done once whatever dies, called off, given up, worked on by one at a time."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.tasks.working import Report, Run, Tasks
from kernel.clock import Clock
from kernel.database import Database
from kernel.errors import ConflictError
from loyalty.models import Task
from loyalty.tasks.asking import ask_for_task, call_off, read_task
from loyalty.tasks.leasing import LEASE, MOST_ATTEMPTS, Taken, keep_task, take_task
from tests.clocks import MovableClock
from tests.conftest import DatabaseUrls
from tests.worker.crashing_task import STEPS, count_once
from tests.worker.pings import effects

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> MovableClock:
    moved = MovableClock()
    moved.begin_test()
    return moved


async def asked(database: Database, clock: Clock, kind: str = "count") -> int:
    async with database.write() as session:
        task = await ask_for_task(session, kind, {}, requested_by="staff:test", now=clock())
        await session.commit()
    return task.task_id


async def found(database: Database, task_id: int) -> Task:
    async with database.read() as session:
        return await read_task(session, task_id)


def worker(database: Database, run: Run, clock: Clock) -> Tasks:
    return Tasks(database, {"count": run}, clock=clock, stopping=asyncio.Event())


async def taken(database: Database, clock: Clock, holder: str = "somebody") -> Taken | None:
    """Take the next task and do nothing with it, like a worker that is killed at once."""
    async with database.write() as session:
        task = await take_task(session, ["count"], holder=holder, now=clock())
        await session.commit()
    return task


async def test_a_task_is_done_and_its_result_kept(database: Database, worker_urls: DatabaseUrls) -> None:
    clock = MovableClock()
    task_id = await asked(database, clock)
    assert await worker(database, count_once, clock).work_on_next() == 1
    task = await found(database, task_id)
    assert (task.state, task.done, task.total, task.result) == ("done", STEPS, STEPS, {"steps": STEPS})
    assert await worker(database, count_once, clock).work_on_next() == 0


@contextmanager
def worker_process(url: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.worker.crashing_task", url],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(process: "subprocess.Popen[str]", says: str) -> None:
    assert process.stdout is not None
    next(line for line in process.stdout if line.strip() == says)


async def test_killing_a_worker_lets_another_one_begin_again_without_a_second_effect(
    worker_urls: DatabaseUrls, database: Database, clock: MovableClock
) -> None:
    with worker_process(worker_urls.app) as process:
        wait_until(process, "ready")
        task_id = await asked(database, clock)
        wait_until(process, "step 10")
        process.send_signal(signal.SIGKILL)
        process.wait()
    left = await found(database, task_id)
    assert left.state == "running"
    assert left.leased_until is not None
    clock.now = left.leased_until
    assert await worker(database, count_once, clock).work_on_next() == 1
    done = await found(database, task_id)
    assert (done.state, done.attempts) == ("done", 2)
    assert sorted((await effects(database))["task", task_id]) == list(range(STEPS))


async def test_a_worker_that_is_told_to_end_gives_its_task_back_at_once(
    worker_urls: DatabaseUrls, database: Database, clock: MovableClock
) -> None:
    with worker_process(worker_urls.app) as process:
        wait_until(process, "ready")
        task_id = await asked(database, clock)
        wait_until(process, "step 5")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    task = await found(database, task_id)
    assert (task.state, task.attempts, task.holder) == ("queued", 0, None)


async def test_a_task_that_is_leased_is_nobody_elses(database: Database, clock: MovableClock) -> None:
    await asked(database, clock)
    assert await taken(database, clock) is not None
    assert await taken(database, clock) is None
    clock.now += LEASE
    assert await taken(database, clock) is not None


async def test_sixteen_workers_take_eight_tasks_once_each(database: Database, clock: MovableClock) -> None:
    expected = {await asked(database, clock) for _ in range(8)}
    answers = await asyncio.gather(*(taken(database, clock, f"worker-{number}") for number in range(16)))
    got = [task.task_id for task in answers if task is not None]
    assert (len(got), set(got)) == (len(expected), expected)


async def test_a_worker_that_lost_its_lease_changes_nothing(database: Database, clock: MovableClock) -> None:
    task_id = await asked(database, clock)
    await taken(database, clock, "first")
    clock.now += LEASE
    await taken(database, clock, "second")
    async with database.write() as session:
        verdict = await keep_task(session, task_id, holder="first", done=7, total=9, now=clock())
        await session.commit()
    assert verdict == "lost"
    assert (await found(database, task_id)).done == 0


async def test_a_task_that_ends_its_workers_is_given_up(database: Database, clock: MovableClock) -> None:
    task_id = await asked(database, clock)
    for _ in range(MOST_ATTEMPTS):
        assert await taken(database, clock) is not None
        clock.now += LEASE
    assert await taken(database, clock) is None
    task = await found(database, task_id)
    assert (task.state, task.error) == ("failed", "Its workers ended before it did.")


async def test_a_running_task_is_called_off(database: Database, clock: MovableClock) -> None:
    begun = asyncio.Event()

    async def wait_for_ever(_: Database, __: Clock, ___: Taken, report: Report) -> None:
        report(3, 5)
        begun.set()
        await asyncio.Event().wait()

    task_id = await asked(database, clock)
    working = asyncio.create_task(worker(database, wait_for_ever, clock).work_on_next())
    await begun.wait()
    async with database.write() as session:
        assert (await call_off(session, task_id, now=clock())).state == "running"
        await session.commit()
    await working
    task = await found(database, task_id)
    assert (task.state, task.done, task.total) == ("cancelled", 3, 5)


async def test_a_task_that_was_called_off_is_not_begun_again_when_its_worker_dies(
    database: Database, clock: MovableClock
) -> None:
    task_id = await asked(database, clock)
    await taken(database, clock)
    async with database.write() as session:
        await call_off(session, task_id, now=clock())
        await session.commit()
    clock.now += LEASE
    assert await taken(database, clock) is None
    task = await found(database, task_id)
    assert (task.state, task.error, task.holder) == ("cancelled", None, None)


class _NotNowError(ConflictError):
    """What a kind of these tests raises for staff to read."""

    code = "not_now"
    title = "Not now."


@pytest.mark.parametrize(
    ("error", "told"), [(_NotNowError("There is nothing to do."), "There is nothing to do."), (KeyError(1), "KeyError")]
)
async def test_a_failure_is_told_without_what_it_might_name(
    database: Database, clock: MovableClock, error: Exception, told: str
) -> None:
    async def fail(_: Database, __: Clock, ___: Taken, ____: Report) -> None:
        raise error

    task_id = await asked(database, clock)
    await worker(database, fail, clock).work_on_next()
    task = await found(database, task_id)
    assert (task.state, task.error) == ("failed", told)


async def test_the_database_going_away_is_no_failure_of_the_task(database: Database, clock: MovableClock) -> None:
    async def lose_it(_: Database, __: Clock, ___: Taken, ____: Report) -> None:
        raise ConnectionResetError

    task_id = await asked(database, clock)
    await worker(database, lose_it, clock).work_on_next()
    assert (await found(database, task_id)).state == "running"
    clock.now += LEASE
    await worker(database, count_once, clock).work_on_next()
    assert (await found(database, task_id)).state == "done"
