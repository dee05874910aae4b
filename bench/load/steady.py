"""A steady load: so many requests a second, whatever the answers take. What a till feels while nobody queues for it.

A generator that waits for an answer before it asks again asks least while the server is slowest, and measures almost
nothing of a stall ("coordinated omission"). Here each request has its instant, and its latency runs from then on,
whether or not a connection was free. Python's event loop is precise to about a millisecond.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.load.own_generator import Run, exchange, requests, tell


async def _connection(run: Run, sending: "Iterator[bytes]", instants: "Iterator[float]") -> None:
    """Takes the next instant, waits for it, and sends; late where all connections were busy."""
    reader, writer = await asyncio.open_connection("127.0.0.1", run.port)
    for instant in instants:
        await asyncio.sleep(max(0.0, instant - time.perf_counter()))
        await exchange(run, reader, writer, next(sending), began=instant)
    writer.close()


async def _main(port: int, seconds: int, folder: Path, per_second: float) -> None:
    began = time.perf_counter()
    run = Run(folder, port, began + seconds)
    sending, instants = requests(run), (began + place / per_second for place in range(int(per_second * seconds)))
    await asyncio.gather(*(_connection(run, sending, instants) for _ in range(int(run.lines("connections")[0]))))
    tell(run, seconds=time.perf_counter() - began)


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4])))
