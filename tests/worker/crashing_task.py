"""A worker that does one kind of task, for tests that kill it: ``python -m tests.worker.crashing_task <url>``."""

import asyncio
import sys

from api.tasks.working import Report
from api.worker import stop_on_signals, work
from kernel.clock import Clock, system_clock
from kernel.database import Database, driver
from loyalty.tasks.leasing import Taken

STEPS = 40
_NOTE = """
INSERT INTO effect (handler, member_id, number)
SELECT 'task', $1, $2 WHERE NOT EXISTS (SELECT FROM effect WHERE (handler, member_id, number) = ('task', $1, $2))
"""


async def count_once(database: Database, _: Clock, task: Taken, report: Report) -> dict[str, int]:
    """Write one row for each step, which a second try leaves as they are."""
    for number in range(STEPS):
        async with database.write() as session:
            await (await driver(session)).execute(_NOTE, task.task_id, number)
            await session.commit()
        report(number + 1, STEPS)
        print("step", number, flush=True)
        await asyncio.sleep(0.02)
    return {"steps": STEPS}


async def _main(url: str) -> None:
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    database = Database(url, pool_size=6)
    print("ready", flush=True)
    await work(database, {}, (), {"count": count_once}, clock=system_clock, stopping=stopping)
    await database.close()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
