"""The load generator for machines without wrk: one process, one event loop, the same files and the same result line.

It needs more of the processor than wrk does, which a small machine takes from the server; results say which was used.
"""

import asyncio
import itertools
import random
import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

_PLACE = re.compile(r"@([NM])@")


@dataclass(slots=True)
class Run:
    folder: Path
    port: int
    ends_at: float
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    latencies_ms: list[float] = field(default_factory=list)
    failed: int = 0

    def lines(self, name: str) -> list[str]:
        return (self.folder / f"{name}.txt").read_text().splitlines()


def requests(run: Run) -> "itertools.chain[bytes]":
    templates, members, tokens = run.lines("templates"), run.lines("members"), run.lines("tokens")
    (name,), (path,) = run.lines("run"), run.lines("path")

    def put_in(place: "re.Match[str]") -> str:
        return f"{name}-{next(run.numbers)}" if place[1] == "N" else random.choice(members)

    def one(template: str) -> bytes:
        body = _PLACE.sub(put_in, template).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {random.choice(tokens)}\r\nIdempotency-Key: {name}-{next(run.numbers)}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    return itertools.chain(one(template) for template in itertools.cycle(templates))


async def _connection(run: Run, sending: "itertools.chain[bytes]") -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", run.port)
    while (began := time.perf_counter()) < run.ends_at:
        await exchange(run, reader, writer, next(sending), began=began)
    writer.close()


async def exchange(
    run: Run, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, *, began: float
) -> None:
    """Send a request and wait for its answer; its latency runs from ``began``."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    await reader.readexactly(int(length[1]) if length else 0)
    run.latencies_ms.append((time.perf_counter() - began) * 1e3)
    run.failed += not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201"))


async def _main(port: int, seconds: int, folder: Path) -> None:
    began = time.perf_counter()
    run = Run(folder, port, began + seconds)
    sending = requests(run)
    await asyncio.gather(*(_connection(run, sending) for _ in range(int(run.lines("connections")[0]))))
    tell(run, seconds=time.perf_counter() - began)


def tell(run: Run, *, seconds: float) -> None:
    """The result line."""
    ordered = sorted(run.latencies_ms)
    p50, p99 = (ordered[int(len(ordered) * share)] for share in (0.5, 0.99))
    print(
        f'RESULT {{"requests": {len(ordered)}, "seconds": {seconds:.3f}, "p50_ms": {p50:.2f}, "p99_ms": {p99:.2f}, '
        f'"max_ms": {ordered[-1]:.2f}, "failed": {run.failed}}}'
    )


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
