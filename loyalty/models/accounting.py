"""Months that are closed for good, and their figures. Append-only."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import SQLModel

from loyalty.models.columns import code, instant, number


class AccountingPeriod(SQLModel, table=True):
    """A month whose end is fixed: what is recorded from now on belongs to a later one."""

    __tablename__ = "accounting_period"
    __table_args__ = (CheckConstraint("starts_at < ends_at", name="accounting_period_order"),)

    month: str = code(key=True, length=7)
    """``2026-02``."""
    starts_at: datetime = instant()
    """Where the month before ends; for the first one, before everything."""
    ends_at: datetime = instant()
    """Exclusive. No row of the ledger is recorded before it any more."""
    zone: str | None = code(nullable=True)
    """Where the month ended. NULL: it was closed before that was remembered."""
    begun_by: str = code(length=160)
    begun_at: datetime = instant()


class AccountingClose(SQLModel, table=True):
    """The figures of a month are complete: everything that was recorded in it is in them."""

    __tablename__ = "accounting_close"

    month: str = code(key=True, length=7)
    currency: str = code(length=3)
    closed_by: str = code(length=160)
    closed_at: datetime = instant()


class AccountingFigure(SQLModel, table=True):
    """The roll-forward of a closed month by recorded time, for one wallet and the store that issued the points."""

    __tablename__ = "accounting_figure"
    __table_args__ = (
        CheckConstraint(
            "opening + issued + clawed_back + redeemed + restored + expired + forfeited + adjusted + transferred "
            "+ migrated + written_off + debt_repaid = closing",
            name="accounting_figure_adds_up",
        ),
    )

    month: str = code(key=True, length=7)
    wallet: str = code(key=True)
    store_id: str = code(key=True)
    """Empty: points of no store."""
    legal_entity: str = code(length=128)
    """The store's, as it was then."""
    opening: int = number()
    issued: int = number()
    clawed_back: int = number()
    redeemed: int = number()
    restored: int = number()
    expired: int = number()
    forfeited: int = number()
    adjusted: int = number()
    transferred: int = number()
    migrated: int = number()
    written_off: int = number()
    debt_repaid: int = number()
    closing: int = number()
    value_points: int | None = number(nullable=True)
    value_minor: int | None = number(nullable=True)
    """``value_points`` points were worth so many minor units then."""
