"""Every kind of task on one page, and what does it."""

from collections.abc import Mapping
from typing import Final

from api.tasks.backtests import BACKTEST, run_backtest
from api.tasks.working import Run

KINDS: Final[Mapping[str, Run]] = {
    BACKTEST: run_backtest,
}
