"""What a connection is like when it comes back: ready for whoever is next, whatever has happened on it."""

import asyncio
from contextlib import suppress

from kernel.database import Database
from tests.conftest import DatabaseUrls

MOST_STEPS = 40
"""More steps of the event loop than opening a transaction takes."""


async def test_a_cancelled_transaction_leaves_neither_a_transaction_nor_a_setting_behind(
    database_urls: DatabaseUrls,
) -> None:
    database = Database(database_urls.app, pool_size=1)

    async def work() -> None:
        async with database.transaction(lock_timeout_ms=777) as connection:
            await connection.execute("SELECT pg_sleep(0.001)")

    for steps in range(MOST_STEPS):
        task = asyncio.create_task(work())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        async with database.reading() as connection:
            assert await connection.fetchval("SHOW lock_timeout") == "0", f"cancelled after {steps} steps"
    await database.close()
