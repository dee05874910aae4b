"""Closing a month for good, while sales go on.

Three steps, of which the first is committed by itself:

1. ``begin_closing`` fixes the month's end. Whoever locks a member from then on reads it with the wallets, in the
   statement after the lock, and records nothing before it (``loyalty/ledger/loading.py``): what comes late falls into
   the open month, whatever its business date.
2. ``writers_until`` and ``have_ended``: those who locked their members before may still record within the month. Each
   has a transaction number by then, so that all of them have ended once every number given out until now has.
3. ``close`` reads the figures and keeps them.

Whoever dies in between leaves a month whose end is fixed; closing it again goes on from there.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlmodel import col, select

from kernel.database import ReadSession, RowWriter, WriteSession, driver
from kernel.errors import ConflictError, UnprocessableError
from loyalty.accounting.months import is_month, month_after, month_ends
from loyalty.accounting.roll_forward import BEGINNING, Figures, RollForward, roll_forward
from loyalty.models import AccountingClose, AccountingFigure, AccountingPeriod
from loyalty.programme.spending import PointValue

if TYPE_CHECKING:
    from asyncpg import Connection, Record

SETTLING: Final = timedelta(minutes=5)
"""A month is closed so long after its end at the earliest: clocks differ a little, and requests take their time."""

_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtextextended('comeback.accounting', 0))"
_FIGURES: Final = RowWriter(
    AccountingFigure,
    *("month", "wallet", "store_id", "legal_entity", *Figures.__struct_fields__, "value_points", "value_minor"),
)


class MonthInvalidError(UnprocessableError):
    """Not a month."""

    code = "month_invalid"
    title = "A month is written as 2026-02."


class MonthRunningError(ConflictError):
    """The month has not ended, or only just: it can be closed from ``closable_at`` on."""

    code = "month_running"
    title = "This month cannot be closed yet."


class MonthOutOfOrderError(ConflictError):
    """Months are closed one after the other: ``next_month`` is the next one."""

    code = "month_out_of_order"
    title = "Another month has to be closed first."


class AccountingZoneChangedError(ConflictError):
    """``COMEBACK_ACCOUNTING_ZONE`` is not the ``closed_zone`` of the months before: a month would be hours longer or
    shorter than reports say that it is."""

    code = "accounting_zone_changed"
    title = "The months before were closed in another time zone."


async def begin_closing(session: WriteSession, month: str, *, zone: str, actor: str, now: datetime) -> AccountingPeriod:
    """Fix the end of ``month``; one that is fixed already is answered as it is. The first month takes in all before.

    Raises ``MonthInvalidError``, ``MonthRunningError``, ``MonthOutOfOrderError`` and ``AccountingZoneChangedError``.
    """
    if not is_month(month):
        raise MonthInvalidError
    await (await driver(session)).execute(_ONE_AT_A_TIME)
    if (begun := await session.get(AccountingPeriod, month)) is not None:
        return begun
    last = (await session.exec(select(AccountingPeriod).order_by(col(AccountingPeriod.month).desc()).limit(1))).first()
    if last is not None and month != month_after(last.month):
        raise MonthOutOfOrderError(next_month=month_after(last.month))
    if last is not None and await session.get(AccountingClose, last.month) is None:
        raise MonthOutOfOrderError(next_month=last.month)
    if last is not None and last.zone not in (None, zone):
        raise AccountingZoneChangedError(None, closed_zone=last.zone)
    ends_at = month_ends(month, zone)
    if now < ends_at + SETTLING:
        raise MonthRunningError(closable_at=ends_at + SETTLING)
    period = AccountingPeriod(
        month=month,
        starts_at=BEGINNING if last is None else last.ends_at,
        ends_at=ends_at,
        zone=zone,
        begun_by=actor,
        begun_at=now,
    )
    session.add(period)
    await session.flush()
    return period


async def writers_until(session: WriteSession) -> int:
    """A mark for ``have_ended``: a transaction number of its own, so that every writer's until now is below it.

    Asked after the end of the month was committed, in a transaction that ends with it. A snapshot alone would not
    do: its upper end leaves out who writes above the last that has ended.
    """
    mark: int = await (await driver(session)).fetchval("SELECT pg_current_xact_id()::text::bigint")
    return mark


async def have_ended(session: ReadSession, mark: int) -> bool:
    """Whether every transaction that was writing before the mark has ended. A fresh transaction asks."""
    oldest: int = await (await driver(session)).fetchval("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    return oldest >= mark


async def close(
    session: WriteSession,
    period: AccountingPeriod,
    *,
    currency: str,
    values: Mapping[str, PointValue],
    actor: str,
    now: datetime,
) -> bool:
    """Keep the month's figures, once every writer has ended. False when they have been kept before.

    ``values``: what points of each wallet are worth at the end of the month.
    """
    connection = await driver(session)
    await connection.execute(_ONE_AT_A_TIME)
    if await session.get(AccountingClose, period.month) is not None:
        return False
    session.add(AccountingClose(month=period.month, currency=currency, closed_by=actor, closed_at=now))
    await session.flush()
    entities = {row["store_id"]: row["legal_entity"] for row in await connection.fetch(_ENTITIES)}
    await _FIGURES.write(
        connection,
        [
            _row(period.month, row, entities.get(row.group, ""), values.get(row.wallet))
            for row in await figures_of(connection, period, now=now)
        ],
    )
    return True


_ENTITIES: Final = "SELECT store_id, legal_entity FROM store"


async def figures_of(connection: "Connection[Record]", period: AccountingPeriod, *, now: datetime) -> list[RollForward]:
    """The month's figures from the ledger, by recorded time and store: the same whenever they are asked for."""
    return await roll_forward(
        connection,
        from_at=period.starts_at,
        until_at=period.ends_at,
        by="store",
        basis="recorded",
        zone="UTC",
        now=now,
    )


def _row(month: str, row: RollForward, entity: str, value: PointValue | None) -> tuple[object, ...]:
    figures = [getattr(row.points, name) for name in Figures.__struct_fields__]
    worth = (None, None) if value is None else (value.points, value.minor)
    return (month, row.wallet, row.group, entity, *figures, *worth)
