"""Purchases per second over HTTP, and pgbench posting the same on the same PostgreSQL, in turns."""

import asyncio
import statistics
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from api.cli.serve import Server
from bench.load.driving import CONNECTIONS, Load, Measured, drive, generator
from bench.machine import processor_seconds, resident_mib
from bench.pgbench import Calls, call_postings
from bench.posting_function import make_posting_function
from bench.proving import prove
from bench.sales import TEMPLATES, purchase_template
from bench.server import serving
from bench.spread import spread
from bench.stand import DATABASE, PGBENCH_DATABASE, RULES, Stand, gather_statistics, populate, stand, till_tokens
from loyalty.members.ids import member_public_id

_WARM_UP_SECONDS: Final = 6
_FEW: Final = 16
"""Connections as pgbench has them: 64 requests that are always under way wait 64 times as long as one takes."""
_REAPING_SECONDS: Final = 1.0
"""Until the postmaster has noticed that pgbench's connections ended, and their time counts as its own."""


def purchases_load(stand: Stand, *, members: int) -> Load:
    """Sales of three lines by random members at eight tills."""
    return Load(
        path="/v1/pos/purchases",
        templates=[purchase_template(place) for place in range(TEMPLATES)],
        members=[member_public_id(member_id) for member_id in range(1, members + 1)],
        tokens=asyncio.run(till_tokens(stand.settings)),
    )


class Turn(NamedTuple):
    """One turn of each, and what it took of the processor."""

    served: Measured
    called: Calls
    server_us: float
    """Processor time of the server for one sale."""
    postgres_us: float
    """Of PostgreSQL, for a sale that came over HTTP."""
    pgbench_postgres_us: float
    """Of PostgreSQL, for a sale that pgbench posted."""

    @property
    def ratio(self) -> float:
        return self.served.per_second / self.called.per_second


def measure_purchases(*, rounds: int = 3, seconds: int = 20, members: int = 100_000, processes: int) -> dict[str, Any]:
    """Rounds of the service in ``processes``, then pgbench, for ``seconds`` each; then the invariants."""
    with stand() as here:
        asyncio.run(populate(here, members=members))
        statements = asyncio.run(make_posting_function(here))
        load = purchases_load(here, members=members)
        with serving(here, server=Server.UVICORN, workers=processes) as process:
            warm_up(here, load, run="w")
            call_postings(here, members=members, seconds=_WARM_UP_SECONDS)
            asyncio.run(gather_statistics(here.owner_dsn, PGBENCH_DATABASE))
            turns = [
                _turn(here, load, number, process.pid, members=members, seconds=seconds)
                for number in range(1, rounds + 1)
            ]
            few = drive(
                replace(load, connections=_FEW),
                port=here.settings.port,
                seconds=seconds,
                folder=_folder(here),
                run="few",
            )
            print(f"  {_FEW} connections: HTTP {few.per_second:,.0f}/s, p99 {few.p99_ms} ms", flush=True)
            half = _at_half(here, load, turns, seconds=seconds)
            many = call_postings(here, members=members, seconds=seconds, clients=CONNECTIONS)
            print(f"  {CONNECTIONS} clients: pgbench {many.per_second:,.0f}/s, p99 {many.p99_ms} ms", flush=True)
            memory = resident_mib(process.pid)
        began = time.perf_counter()
        verified = asyncio.run(prove(here))
        return {
            **_figures(turns),
            "purchase_server_processes": processes,
            "purchase_server_rss_mib": memory,
            "purchase_few_per_second": spread([few.per_second], digits=0),
            "purchase_few_p99_ms": spread([few.p99_ms]),
            "purchase_half_per_second": spread([half.per_second], digits=0),
            "purchase_half_p50_ms": spread([half.p50_ms]),
            "purchase_half_p99_ms": spread([half.p99_ms]),
            "purchase_pgbench_many_p99_ms": spread([many.p99_ms]),
            "purchase_members": members,
            "purchase_rules": RULES,
            "purchase_statements": statements,
            "purchase_rounds": rounds,
            "purchase_seconds_a_round": seconds,
            "load_generator": generator(),
            "verify": verified,
            "verify_seconds": round(time.perf_counter() - began, 1),
            "postgres": here.postgres.version,
        }


def warm_up(stand: Stand, load: Load, *, run: str, seconds: int = _WARM_UP_SECONDS) -> None:
    """Fill the database a little and gather statistics: plans made for empty tables scan them."""
    drive(load, port=stand.settings.port, seconds=seconds, folder=_folder(stand), run=run)
    asyncio.run(gather_statistics(stand.owner_dsn, DATABASE))


def _folder(stand: Stand) -> Path:
    return stand.directory / "load"


def _at_half(stand: Stand, load: Load, turns: list[Turn], *, seconds: int) -> Measured:
    """Half of what the service could take, at a steady rate, with the latency from when each sale was due."""
    rate = statistics.median(turn.served.per_second for turn in turns) / 2
    steady = replace(load, per_second=rate)
    measured = drive(steady, port=stand.settings.port, seconds=seconds, folder=_folder(stand), run="half")
    print(f"  {rate:,.0f}/s steadily: p50 {measured.p50_ms} ms, p99 {measured.p99_ms} ms", flush=True)
    return measured


def _turn(stand: Stand, load: Load, number: int, server_pid: int, *, members: int, seconds: int) -> Turn:
    folder = _folder(stand)
    server_began, postgres_began = processor_seconds(server_pid), processor_seconds(stand.postgres.pid)
    served = drive(load, port=stand.settings.port, seconds=seconds, folder=folder, run=f"r{number}")
    server_took = processor_seconds(server_pid) - server_began
    postgres_between = processor_seconds(stand.postgres.pid)
    called = call_postings(stand, members=members, seconds=seconds)
    time.sleep(_REAPING_SECONDS)
    pgbench_took = processor_seconds(stand.postgres.pid) - postgres_between
    turn = Turn(
        served,
        called,
        server_took / served.requests * 1e6,
        (postgres_between - postgres_began) / served.requests * 1e6,
        pgbench_took / (called.per_second * seconds) * 1e6,
    )
    _say(number, turn)
    return turn


def _say(number: int, turn: Turn) -> None:
    served, called = turn.served, turn.called
    print(
        f"  round {number}: HTTP {served.per_second:,.0f}/s (p50 {served.p50_ms} ms, p99 {served.p99_ms} ms, "
        f"{served.failed} failed; processor: server {turn.server_us:,.0f} us, PostgreSQL {turn.postgres_us:,.0f} us), "
        f"pgbench {called.per_second:,.0f}/s (PostgreSQL {turn.pgbench_postgres_us:,.0f} us), ratio {turn.ratio:.2f}",
        flush=True,
    )


def _figures(turns: list[Turn]) -> dict[str, Any]:
    return {
        "purchase_http_per_second": spread([turn.served.per_second for turn in turns], digits=0),
        "purchase_pgbench_per_second": spread([turn.called.per_second for turn in turns], digits=0),
        "purchase_http_to_pgbench_ratio": spread([turn.ratio for turn in turns]),
        "purchase_http_p50_ms": spread([turn.served.p50_ms for turn in turns]),
        "purchase_http_p99_ms": spread([turn.served.p99_ms for turn in turns]),
        "purchase_http_failed": sum(turn.served.failed for turn in turns),
        "purchase_server_cpu_us": spread([turn.server_us for turn in turns], digits=0),
        "purchase_postgres_cpu_us": spread([turn.postgres_us for turn in turns], digits=0),
        "purchase_pgbench_postgres_cpu_us": spread([turn.pgbench_postgres_us for turn in turns], digits=0),
    }
