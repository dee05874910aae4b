"""The task ``programme.backtest``: its parameters are the question."""

from typing import Final

import msgspec

from api.backtesting import backtest
from api.tasks.working import Report
from kernel.clock import Clock
from kernel.database import Database
from loyalty.backtesting.question import Question
from loyalty.backtesting.report import BacktestReport
from loyalty.tasks.leasing import Taken

BACKTEST: Final = "programme.backtest"


async def run_backtest(database: Database, _: Clock, task: Taken, report: Report) -> BacktestReport:
    """Relive, in processes of its own. It writes nothing, so that it can be begun again."""
    return await backtest(database, msgspec.convert(task.parameters, Question), report)
