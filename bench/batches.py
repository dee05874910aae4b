"""Receipts per second through the batch endpoint: tills hand in what they did while their line was down."""

import asyncio
import json
from typing import Any, Final

from api.cli.serve import Server
from bench.load.driving import Load, drive
from bench.proving import prove
from bench.purchases import purchases_load, warm_up
from bench.sales import purchase_template
from bench.server import serving
from bench.spread import spread
from bench.stand import Stand, opened, populate, stand
from kernel.database import driver

_ITEMS: Final = 500
_CONNECTIONS: Final = 4
_TEMPLATES: Final = 8


class ReceiptsLostError(Exception):
    """Fewer sales are stored than were answered."""


def measure_batches(*, rounds: int = 3, seconds: int = 10, members: int = 100_000, processes: int) -> dict[str, Any]:
    """Rounds of full batches over a few connections; every receipt must be there afterwards, and the books right."""
    with stand() as here:
        asyncio.run(populate(here, members=members))
        sales = purchases_load(here, members=members)
        batches = Load(
            path="/v1/pos/batches",
            templates=[_batch(place) for place in range(_TEMPLATES)],
            members=sales.members,
            tokens=sales.tokens,
            connections=_CONNECTIONS,
        )
        with serving(here, server=Server.UVICORN, workers=processes):
            warm_up(here, sales, run="w")
            before = asyncio.run(_stored(here))
            runs = [
                drive(batches, port=here.settings.port, seconds=seconds, folder=here.directory / "load", run=f"b{n}")
                for n in range(rounds)
            ]
        stored = asyncio.run(_stored(here)) - before
        if stored < (answered := _ITEMS * sum(run.requests for run in runs)):
            raise ReceiptsLostError(f"{answered} answered, {stored} stored")
        verified = asyncio.run(prove(here))
    per_second = [run.per_second * _ITEMS for run in runs]
    for receipts, run in zip(per_second, runs, strict=True):
        print(f"  {receipts:,.0f} receipts/s, {run.failed} batches failed", flush=True)
    return {"batch_receipts_per_second": spread(per_second, digits=0), "batch_verify": verified}


def _batch(place: int) -> str:
    items = [
        {"key": "@N@", "kind": "purchase", "purchase": json.loads(purchase_template(place * _ITEMS + item))}
        for item in range(_ITEMS)
    ]
    return json.dumps({"items": items})


async def _stored(stand: Stand) -> int:
    async with opened(stand.settings) as services, services.database.read() as session:
        return int(await (await driver(session)).fetchval("SELECT count(*) FROM purchase"))
