"""A worker in a process of its own, for tests that kill it: ``python -m tests.worker.crashing_worker <url>``."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import datetime

from api.worker import stop_on_signals, work
from kernel.clock import system_clock
from kernel.database import Database, WriteSession
from kernel.events import Handler
from tests.worker.pings import Pinged, noting

_NOTE = noting("slow")


async def _react(session: WriteSession, events: Sequence[Pinged], *, now: datetime) -> None:
    """Has its effect, tells the test that it is in the middle of a batch, and takes its time before the commit."""
    await _NOTE.react(session, events, now=now)
    print("in the middle", flush=True)
    await asyncio.sleep(0.05)


SLOW = Handler(name="slow", react=_react, batch_size=8)


async def _main(url: str) -> None:
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    database = Database(url, pool_size=4)
    await database.ping()
    print("ready", flush=True)
    await work(database, {Pinged: (SLOW,)}, (), {}, clock=system_clock, stopping=stopping)
    await database.close()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
