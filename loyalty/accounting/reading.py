"""Closed months, read back."""

from collections.abc import Sequence

from sqlmodel import col, select

from kernel.database import ReadSession
from kernel.errors import NotFoundError
from loyalty.models import AccountingClose, AccountingFigure, AccountingPeriod

Month = tuple[AccountingPeriod, AccountingClose | None]


class MonthNotFoundError(NotFoundError):
    """Nobody has begun to close that month."""

    code = "month_not_found"
    title = "This month has not been closed."


async def read_month(session: ReadSession, month: str) -> Month:
    """The period, and its close when the figures are complete. Raises ``MonthNotFoundError``."""
    period = await session.get(AccountingPeriod, month)
    if period is None:
        raise MonthNotFoundError
    return period, await session.get(AccountingClose, month)


async def read_figures(session: ReadSession, month: str) -> Sequence[AccountingFigure]:
    """By wallet and store."""
    statement = (
        select(AccountingFigure)
        .where(col(AccountingFigure.month) == month)
        .order_by(col(AccountingFigure.wallet), col(AccountingFigure.store_id))
    )
    return (await session.exec(statement)).all()


async def list_months(session: ReadSession, *, below: str | None, limit: int) -> Sequence[Month]:
    """The latest ``limit`` months that were begun, those before ``below``."""
    statement = (
        select(AccountingPeriod, AccountingClose)
        .outerjoin(AccountingClose, col(AccountingClose.month) == col(AccountingPeriod.month))
        .order_by(col(AccountingPeriod.month).desc())
        .limit(limit)
    )
    if below is not None:
        statement = statement.where(col(AccountingPeriod.month) < below)
    return [(period, close) for period, close in await session.exec(statement)]
