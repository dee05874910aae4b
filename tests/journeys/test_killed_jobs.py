"""A worker that is killed in the middle of applying or taking back a job: another goes on, and the counts are exact."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from api.services import Services
from tests.clocks import MovableClock
from tests.conftest import DatabaseUrls
from tests.journeys.test_jobs import JOBS, asked, found, ids, listed, work
from tests.journeys.tills import fetch
from tests.programmes import publish
from tests.shop import Shop
from tests.verified import assert_verified

MEMBERS = 950
_ENROL = """
INSERT INTO member (zone, language, enrolled_at, recorded_at)
SELECT 'Europe/Moscow', 'en', $2::timestamptz, $2 FROM generate_series(1, $1::bigint) RETURNING member_id
"""


@contextmanager
def worker_process(urls: DatabaseUrls) -> Iterator["subprocess.Popen[bytes]"]:
    """`comeback worker` as an operator runs it."""
    environment = os.environ | {"APP_DATABASE_URL": urls.app}
    with subprocess.Popen(
        [sys.executable, "-m", "api.cli", "worker"],
        env=environment,
        stdout=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
    ) as process:
        try:
            yield process
        finally:
            process.kill()


async def killed_in_the_middle(services: Services, urls: DatabaseUrls, job_id: int, state: str) -> int:
    """Kill a worker after it has settled some items of a job; how many it has."""
    settled = f"SELECT count(*) FROM job_item WHERE job_id = {job_id} AND state = '{state}'"  # noqa: S608 - our own words
    with worker_process(urls) as process:
        until = time.monotonic() + 60
        while not (count := (await fetch(services, settled))[0][0]) and time.monotonic() < until:
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert count, "the worker has begun"
    return int((await fetch(services, settled))[0][0])


async def test_each_member_is_given_once_and_gives_back_once_whatever_dies(
    services: Services,
    client: httpx.AsyncClient,
    shop: Shop,
    clock: MovableClock,
    database_urls: DatabaseUrls,
) -> None:
    await publish(services)
    connection = await asyncpg.connect(database_urls.owner_dsn)
    members = [row[0] for row in await connection.fetch(_ENROL, MEMBERS, clock())]
    await connection.close()
    manager = await shop.staff("manager")
    job_id = await asked(client, manager, "bulk-operations", grant={"points": 5})
    await listed(client, manager, job_id, *ids(members))
    await work(services)
    for step, state, points in (("application", "applied", 5), ("reversal", "reversed", 0)):
        answer = await client.post(f"{JOBS}/{job_id}/{step}", headers=manager)
        assert answer.status_code == 201, answer.text
        done = await killed_in_the_middle(services, database_urls, job_id, state)
        assert done < MEMBERS, "it was killed before the end"
        ((left_at,),) = await fetch(services, "SELECT leased_until FROM task WHERE state = 'running'")
        clock.set(left_at)
        manager = await shop.staff("manager")
        assert await work(services) == 1
        assert (await found(client, manager, job_id))["items"] == {state: MEMBERS}
        assert await fetch(services, "SELECT remaining, debt, count(*) FROM balance GROUP BY 1, 2") == [
            (points, 0, MEMBERS)
        ]
        assert await fetch(services, "SELECT count(*) FROM task WHERE state = 'done' AND attempts = 2") == [
            (1 if step == "application" else 2,)
        ]
    assert await fetch(services, "SELECT cause_kind, count(*) FROM journal GROUP BY 1 ORDER BY 1") == [
        ("job", MEMBERS),
        ("job_reversal", MEMBERS),
    ]
    await assert_verified(services)


pytestmark = pytest.mark.anyio
