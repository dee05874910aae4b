"""Quotes per second over HTTP: what a till asks before every payment. They write nothing."""

import asyncio
import json
from typing import Any, Final

from api.cli.serve import Server
from bench.load.driving import Load, drive
from bench.purchases import purchases_load, warm_up
from bench.sales import TEMPLATES, basket
from bench.server import serving
from bench.spread import spread
from bench.stand import populate, stand

_PATH: Final = "/v1/pos/quotes"


def measure_quotes(*, rounds: int = 3, seconds: int = 10, members: int = 100_000, processes: int) -> dict[str, Any]:
    """Rounds of quotes for members, some of whom have bought before."""
    with stand() as here:
        asyncio.run(populate(here, members=members))
        sales = purchases_load(here, members=members)
        quotes = Load(
            path=_PATH,
            templates=[json.dumps({"member": {"id": "@M@"}, **basket(place)}) for place in range(TEMPLATES)],
            members=sales.members,
            tokens=sales.tokens,
        )
        with serving(here, server=Server.UVICORN, workers=processes):
            warm_up(here, sales, run="w")
            runs = [
                drive(quotes, port=here.settings.port, seconds=seconds, folder=here.directory / "load", run=f"q{n}")
                for n in range(rounds)
            ]
    for run in runs:
        print(f"  {run.per_second:,.0f}/s, p99 {run.p99_ms} ms, {run.failed} failed", flush=True)
    return {
        "quote_http_per_second": spread([run.per_second for run in runs], digits=0),
        "quote_http_p99_ms": spread([run.p99_ms for run in runs]),
        "quote_http_failed": sum(run.failed for run in runs),
    }
