"""Which server runs the application fastest: the same sales over HTTP through each of them, in turns."""

import asyncio
from typing import Any, Final

from api.cli.serve import Server
from bench.load.driving import drive
from bench.machine import processor_seconds, resident_mib
from bench.purchases import purchases_load, warm_up
from bench.server import serving
from bench.spread import spread
from bench.stand import populate, stand

_SETTLING_SECONDS: Final = 2


def measure_servers(*, rounds: int = 3, seconds: int = 10, members: int = 100_000) -> dict[str, Any]:
    """Sales per second, the server's processor time for one, p99 and memory, of each server."""
    figures: dict[Server, list[tuple[float, float, float, float]]] = {server: [] for server in Server}
    with stand() as here:
        asyncio.run(populate(here, members=members))
        load = purchases_load(here, members=members)
        folder, port = here.directory / "load", here.settings.port
        for number in range(rounds):
            for server in Server:
                with serving(here, server=server) as process:
                    run = f"{server.value}{number}"
                    warm_up(here, load, run=f"w{run}", seconds=_SETTLING_SECONDS)
                    began = processor_seconds(process.pid)
                    measured = drive(load, port=port, seconds=seconds, folder=folder, run=run)
                    took_us = (processor_seconds(process.pid) - began) / measured.requests * 1e6
                    memory = resident_mib(process.pid)
                figures[server].append((measured.per_second, took_us, measured.p99_ms, memory))
                print(
                    f"  {server.value}: {measured.per_second:,.0f}/s, p99 {measured.p99_ms} ms, "
                    f"{took_us:,.0f} us, {memory} MiB, {measured.failed} failed",
                    flush=True,
                )
    return {
        f"server_{server.value}_{name}": spread([run[place] for run in runs], digits=1)
        for server, runs in figures.items()
        for place, name in enumerate(("per_second", "cpu_us", "p99_ms", "rss_mib"))
    }
