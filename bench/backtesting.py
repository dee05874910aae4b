"""How fast a year of real baskets is lived through again: with the very programme it was sold under, which changes
nothing, as is checked.
"""

import asyncio
import time
from typing import Any

from api.backtesting import backtest
from api.replay.complete_journey import CompleteJourney
from api.replay.programme import PROGRAMME
from api.replay.sending import Watch, replay
from bench.stand import Stand, migrated, stand
from kernel.clock import system_clock
from kernel.database import Database
from loyalty.backtesting.question import Question
from loyalty.backtesting.report import BacktestReport


class PastDiffersError(Exception):
    """The version in force would not give what it gave."""


def measure_backtest(*, processes: int, households: int | None = None) -> dict[str, Any]:
    """Replay everything, or the first so many ``households``, and back-test it."""
    with stand() as here:
        asyncio.run(migrated(here))
        replayed = asyncio.run(replay(here.settings, CompleteJourney(households=households), Watch()))
        began = time.perf_counter()
        report = asyncio.run(_relived(here, processes=processes))
        seconds = time.perf_counter() - began
    if (report.difference, report.purchases) != (0, replayed.sent.baskets):
        raise PastDiffersError(f"{report.purchases} purchases, {report.difference:+} points")
    print(f"  {report.purchases:,} baskets in {seconds:,.0f} s", flush=True)
    return {
        "backtest_baskets": report.purchases,
        "backtest_processes": processes,
        "backtest_seconds": round(seconds, 1),
        "backtest_baskets_per_second": round(report.purchases / seconds),
    }


async def _relived(here: Stand, *, processes: int) -> BacktestReport:
    assert here.settings.app_database_url is not None, "the stand has a database"
    database = Database(here.settings.app_database_url.get_secret_value(), pool_size=1)
    try:
        question = Question(document=PROGRAMME, recorded_by=system_clock())
        return await backtest(database, question, lambda *_: None, processes=processes)
    finally:
        await database.close()
