"""Whether reading a balance and earning stay as quick when the journal grows from ten thousand rows to ten million."""

import asyncio
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import asyncpg

from api.pos.posting import post_alone
from api.services import Services
from bench.proving import prove
from bench.sales import submission
from bench.stand import DATABASE, Stand, gather_statistics, opened, populate, stand
from kernel.database import driver
from loyalty.ledger.opening import look_at_account

SIZES: Final = (10_000, 1_000_000)
LARGE: Final = 10_000_000
_ENTRIES_A_MEMBER: Final = 10
_WARM_UPS: Final = 100
_CALLS: Final = 1_000
_HISTORY: Final = (
    """INSERT INTO journal (member_id, entry_no, wallet, debit, credit, amount, kind, cause_kind, cause_no, actor,
           occurred_at, recorded_at, balance_after)
    SELECT member_id, n, 'points', 'migrated', 'member', 100, 'migrated', 'adjustment', n, 'job:bench',
           recorded_at, recorded_at, 100 * n
    FROM member, generate_series(1, $1::bigint) AS n""",
    """INSERT INTO lot (member_id, lot_no, wallet, amount, remaining, available_from, activated_at, expiry, entry_no,
           cause_kind, cause_no)
    SELECT member_id, n, 'points', 100, 100, recorded_at, recorded_at, '{"kind": "never"}', n, 'adjustment', n
    FROM member, generate_series(1, $1::bigint) AS n""",
    """INSERT INTO balance (member_id, wallet, remaining)
    SELECT member_id, 'points', 100 * $1::bigint FROM member""",
    "UPDATE member SET last_entry_no = $1::bigint, last_lot_no = $1::bigint",
)


def measure_growth(*, large: bool) -> dict[str, Any]:
    """Medians at each size, and how much slower the largest is than the smallest."""
    sizes = (*SIZES, LARGE) if large else SIZES
    read_ms: dict[str, float] = {}
    earn_ms: dict[str, float] = {}
    for rows in sizes:
        with stand() as here:
            members = rows // _ENTRIES_A_MEMBER
            asyncio.run(populate(here, members=members))
            asyncio.run(_remember(here))
            read_ms[f"{rows}"], earn_ms[f"{rows}"] = asyncio.run(_measure(here, members))
            asyncio.run(prove(here))
        print(f"  {rows:,} rows: read {read_ms[f'{rows}']:.3f} ms, earn {earn_ms[f'{rows}']:.3f} ms", flush=True)
    smallest, largest = f"{sizes[0]}", f"{sizes[-1]}"
    return {
        "growth_read_ms": read_ms,
        "growth_earn_ms": earn_ms,
        "growth_read_ratio": round(read_ms[largest] / read_ms[smallest], 3),
        "growth_earn_ratio": round(earn_ms[largest] / earn_ms[smallest], 3),
    }


async def _remember(stand: Stand) -> None:
    """Give every member a history that the invariants accept: points taken over from another programme."""
    connection = await asyncpg.connect(stand.owner_dsn)
    try:
        for statement in _HISTORY:
            await connection.execute(statement, _ENTRIES_A_MEMBER)
    finally:
        await connection.close()
    await gather_statistics(stand.owner_dsn, DATABASE)


async def _measure(stand: Stand, members: int) -> tuple[float, float]:
    async with opened(stand.settings) as services:

        async def read(_: int) -> None:
            async with services.database.read() as session:
                member_id = random.randint(1, members)
                await look_at_account(await driver(session), member_id, now=services.clock())

        return await _median_ms(read), await _median_ms(_earning(services, members))


def _earning(services: Services, members: int) -> Callable[[int], Awaitable[None]]:
    async def earn(number: int) -> None:
        sale = submission(random.randint(1, members), number=f"g{number}", now=services.clock(), place=number % 64)
        answer = await post_alone(services, sale)
        assert answer.status == 201, answer

    return earn


async def _median_ms(call: Callable[[int], Awaitable[None]]) -> float:
    took = []
    for number in range(_WARM_UPS + _CALLS):
        began = time.perf_counter()
        await call(number)
        took.append(time.perf_counter() - began)
    return round(statistics.median(took[_WARM_UPS:]) * 1e3, 3)
