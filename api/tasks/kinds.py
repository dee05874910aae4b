"""Every kind of task on one page, and what does it."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from api.tasks.backtests import BACKTEST, run_backtest
from api.tasks.imports import (
    APPLY_IMPORT,
    CHECK_IMPORT,
    REVERSE_IMPORT,
    apply_delivery,
    check_delivery,
    reverse_delivery,
)
from api.tasks.jobs import APPLY_JOB, PREVIEW_JOB, REVERSE_JOB, apply_job, preview_job, reverse_job
from api.tasks.working import Run
from kernel.settings import Settings

KINDS: Final[Mapping[str, Run]] = {
    BACKTEST: run_backtest,
    PREVIEW_JOB: preview_job,
    APPLY_JOB: apply_job,
    REVERSE_JOB: reverse_job,
    REVERSE_IMPORT: reverse_delivery,
}
"""Those that need nothing but the database."""


def every_kind(settings: Settings) -> Mapping[str, Run]:
    """With those that read phones and addresses, as the installation writes and keys them."""
    return {
        **KINDS,
        CHECK_IMPORT: partial(check_delivery, settings),
        APPLY_IMPORT: partial(apply_delivery, settings),
    }
