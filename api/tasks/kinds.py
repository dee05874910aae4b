"""Every kind of task on one page, and what does it."""

from collections.abc import Mapping
from typing import Final

from api.tasks.backtests import BACKTEST, run_backtest
from api.tasks.jobs import APPLY_JOB, PREVIEW_JOB, REVERSE_JOB, apply_job, preview_job, reverse_job
from api.tasks.working import Run

KINDS: Final[Mapping[str, Run]] = {
    BACKTEST: run_backtest,
    PREVIEW_JOB: preview_job,
    APPLY_JOB: apply_job,
    REVERSE_JOB: reverse_job,
}
