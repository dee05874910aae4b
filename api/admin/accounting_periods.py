"""Closing the books: a month's figures, kept for good."""

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias

import asyncpg
from litestar import Controller, Request, Response, get, post
from litestar.params import JSONBody, PathParameter
from msgspec import Meta, Struct

from analytics.liability import LiabilityRow
from analytics.point_value import Worth, worth_of_points
from api.admin.liability_reports import LIABILITY_COLUMNS, liability_cells
from api.csv_files import csv_answer
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, text_position
from api.dependencies import ServicesOf, Staff
from api.documented import NOT_MODIFIED, created, refusals, write_refusals
from api.etags import conditional
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body
from api.security.permissions import Permission, requires_permission
from api.services import Services
from api.uploads import CSV
from kernel.database import ReadSession, WriteSession
from loyalty.accounting.closing import begin_closing, close, have_ended, writers_until
from loyalty.accounting.reading import MonthNotFoundError, list_months, read_figures, read_month
from loyalty.accounting.roll_forward import BEGINNING, Figures
from loyalty.audit import record_change
from loyalty.models import AccountingClose, AccountingFigure, AccountingPeriod
from loyalty.programme.spending import PointValue

READING: Final = [requires_permission(Permission.REPORTS_READ)]
_LONGEST_WAIT_S: Final = 10
_PAUSE_S: Final = 0.05

MonthText: TypeAlias = Annotated[str, Meta(pattern="^20[0-9]{2}-(0[1-9]|1[0-2])$(?!\\n)", examples=["2026-02"])]
MonthInPath: TypeAlias = Annotated[str, PathParameter(description="A month: `2026-02`", max_length=64)]


class NewAccountingPeriod(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The month to close: the one after the last, once it is over."""

    month: MonthText


class AccountingPeriodSummary(Struct, frozen=True, kw_only=True):
    """A month that is closed or being closed."""

    month: str
    status: str
    """``closing``: its end is fixed, its figures are not read yet; close it again. ``closed``: nothing changes."""
    starts_at: datetime | None
    """Null: before everything."""
    ends_at: datetime
    """Exclusive."""
    zone: str | None
    """Where it ended; the next month is closed in the same. Null for months of before that was remembered."""
    closed_by: str | None
    closed_at: datetime | None


class AccountingPeriodView(AccountingPeriodSummary, frozen=True, kw_only=True):
    """A closed month with its figures, by wallet and store, as they were then."""

    currency: str | None
    rows: list[LiabilityRow]


class AccountingPeriodPage(Struct, frozen=True, kw_only=True):
    """The latest first. ``next`` is the cursor of the next page; null on the last."""

    months: list[AccountingPeriodSummary]
    next: str | None


class AdminAccountingPeriods(Controller):
    """Closed months."""

    path = "/v1/admin/accounting-periods"
    tags = ("Staff: finance",)

    @get(operation_id="listAccountingPeriods", summary="Closed months", guards=READING, responses=refusals(401, 403))
    async def list_page(
        self, services: ServicesOf, cursor: PageCursor = None, limit: PageLimit = DEFAULT_PER_PAGE
    ) -> AccountingPeriodPage:
        async with services.database.read() as session:
            rows = await list_months(session, below=text_position(cursor), limit=limit + 1)
        page, following = cut(rows, limit, lambda row: row[0].month)
        return AccountingPeriodPage(months=[_summary(*row) for row in page], next=following)

    @post(
        operation_id="closeAccountingPeriod",
        summary="Close a month for good",
        description=(
            "Its figures are kept by recorded time and change no more: what is recorded later falls into the open "
            "month, even with an earlier business date. Months are closed one after the other, five minutes after "
            "their end at the earliest; sales go on meanwhile. 409 `busy`: some that began before are still being "
            "recorded; ask again. Closing a closed month answers it."
        ),
        guards=[requires_permission(Permission.ACCOUNTING_CLOSE)],
        responses=created(AccountingPeriodView) | write_refusals(401, 403, 422),
    )
    async def close(
        self,
        data: JSONBody[NewAccountingPeriod],
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        async def act(session: WriteSession, now: datetime) -> AccountingPeriodView:
            period = await _begin(services, data.month, caller.actor, now)
            await _outlast_writers(services)
            programme = services.programmes.at(period.ends_at).document
            worth = worth_of_points(programme)
            closed_now = await close(
                session,
                period,
                currency=programme.currency,
                values=worth.by_wallet,
                actor=caller.actor,
                now=now,
            )
            if closed_now:
                await record_change(
                    session,
                    actor=caller.actor,
                    action="accounting_period.closed",
                    subject=f"accounting_period:{data.month}",
                    now=now,
                )
            return await _view(session, data.month)

        body = canonical_body("closeAccountingPeriod", data)
        return await answer_once(services, caller, idempotency_key, body, act)

    @get(
        "/{month:str}",
        operation_id="getAccountingPeriod",
        summary="A closed month with its figures",
        guards=READING,
        responses=NOT_MODIFIED | refusals(401, 403, 404),
    )
    async def read(
        self, month: MonthInPath, request: Request[Any, Any, Any], services: ServicesOf
    ) -> Response[AccountingPeriodView]:
        async with services.database.read() as session:
            view = await _view(session, month)
        return conditional(request, view)

    @get(
        "/{month:str}/csv",
        operation_id="getAccountingPeriodFile",
        summary="The figures of a closed month as CSV",
        description="One line for each wallet and store, in points and in minor units.",
        media_type=CSV,
        guards=READING,
        responses=refusals(401, 403, 404),
    )
    async def file(self, month: MonthInPath, services: ServicesOf) -> Response[str]:
        async with services.database.read() as session:
            view = await _view(session, month)
        if view.status != "closed":
            raise MonthNotFoundError
        return csv_answer(LIABILITY_COLUMNS, map(liability_cells, view.rows), name=f"accounting-{view.month}.csv")


async def _begin(services: Services, month: str, actor: str, now: datetime) -> AccountingPeriod:
    """Fix the month's end in a transaction of its own, so that everybody sees it while the rest is waited for."""
    async with services.database.write() as session:
        period = await begin_closing(session, month, zone=services.settings.accounting_zone, actor=actor, now=now)
        await session.commit()
    return period


async def _outlast_writers(services: Services) -> None:
    """Wait until everybody who might not have seen the month's end is done."""
    async with services.database.write() as session:
        mark = await writers_until(session)
    with suppress(TimeoutError):
        async with asyncio.timeout(_LONGEST_WAIT_S):
            while True:
                async with services.database.read() as session:
                    if await have_ended(session, mark):
                        return
                await asyncio.sleep(_PAUSE_S)
    raise asyncpg.LockNotAvailableError("a transaction that began before the month was closed is still writing")


async def _view(session: ReadSession, month: str) -> AccountingPeriodView:
    period, closed = await read_month(session, month)
    summary = _summary(period, closed)
    return AccountingPeriodView(
        **{name: getattr(summary, name) for name in summary.__struct_fields__},
        currency=None if closed is None else closed.currency,
        rows=[_row(figure, "" if closed is None else closed.currency) for figure in await read_figures(session, month)],
    )


def _summary(period: AccountingPeriod, closed: AccountingClose | None) -> AccountingPeriodSummary:
    return AccountingPeriodSummary(
        month=period.month,
        status="closing" if closed is None else "closed",
        starts_at=None if period.starts_at == BEGINNING else period.starts_at,
        ends_at=period.ends_at,
        zone=period.zone,
        closed_by=None if closed is None else closed.closed_by,
        closed_at=None if closed is None else closed.closed_at,
    )


def _row(figure: AccountingFigure, currency: str) -> LiabilityRow:
    points = Figures(**{name: getattr(figure, name) for name in Figures.__struct_fields__})
    value = None
    if figure.value_points is not None and figure.value_minor is not None:
        value = PointValue(points=figure.value_points, minor=figure.value_minor)
    worth = Worth(currency=currency, by_wallet={} if value is None else {figure.wallet: value})
    return LiabilityRow(
        wallet=figure.wallet, group=figure.store_id, points=points, minor=worth.figures(figure.wallet, points)
    )
