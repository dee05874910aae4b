"""Waiting that ends early when the process is asked to stop."""

import asyncio
from contextlib import suppress


async def rest(stopping: asyncio.Event, seconds: float) -> None:
    """Sleep for ``seconds``, or until ``stopping`` is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()
