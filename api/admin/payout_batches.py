"""Batches of approved payouts, as files for the bank."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias

from litestar import Controller, Request, Response, get, post
from litestar.params import PathParameter
from msgspec import Struct

from api.csv_files import Cell, csv_answer
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, number_position
from api.dependencies import ServicesOf, Staff
from api.documented import NOT_MODIFIED, created, refusals, write_refusals
from api.etags import conditional
from api.idempotency import Answered, IdempotencyKey, OptionalIdempotencyKey, answer_once, canonical_body
from api.security.permissions import Permission, requires_permission
from api.uploads import CSV
from kernel.database import WriteSession
from loyalty.audit import record_change
from loyalty.models import PayoutBatch
from loyalty.payouts.exporting import export_payouts, list_batches, payouts_of, read_batch
from loyalty.payouts.finding import FoundPayout
from loyalty.payouts.settling import settle_batch
from loyalty.rewards.codes import redemption_id

BatchInPath: TypeAlias = Annotated[int, PathParameter(ge=1, le=2**53 - 1)]
READING: Final = [requires_permission(Permission.PAYOUTS_READ)]
SETTLING: Final = [requires_permission(Permission.PAYOUTS_SETTLE)]
COLUMNS: Final = ("payout", "holder", "iban", "account", "amount_minor", "currency")


class PayoutBatchView(Struct, frozen=True, kw_only=True):
    """Payouts that were handed to the bank together."""

    batch_id: int
    payouts: int
    total_minor: int
    currency: str
    created_by: str
    created_at: datetime


class PayoutBatchPage(Struct, frozen=True, kw_only=True):
    """The last first. ``next`` is the cursor of the next page; null on the last."""

    batches: list[PayoutBatchView]
    next: str | None


class PayoutBatchSettled(Struct, frozen=True, kw_only=True):
    """How many payouts of the batch are paid by this."""

    batch_id: int
    paid: int


class AdminPayoutBatches(Controller):
    """Exports of payouts."""

    path = "/v1/admin/payout-batches"
    tags = ("Staff: payouts",)

    @post(
        operation_id="createPayoutBatch",
        summary="Export what was approved",
        description=(
            "The approved payouts that waited longest, at most 1,000 and all of one currency. Each is in one batch for "
            "good; 409 `nothing_to_export` when none waits."
        ),
        guards=SETTLING,
        responses=created(PayoutBatchView) | write_refusals(401, 403),
    )
    async def create(self, caller: Staff, services: ServicesOf, idempotency_key: IdempotencyKey) -> Answered:
        async def act(session: WriteSession, now: datetime) -> PayoutBatchView:
            batch = await export_payouts(session, actor=caller.actor, now=now)
            await _record(session, batch, "created", by=caller.actor, now=now)
            return _view(batch)

        return await answer_once(services, caller, idempotency_key, canonical_body("createPayoutBatch", {}), act)

    @get(operation_id="listPayoutBatches", summary="Exports", guards=READING, responses=refusals(401, 403))
    async def list_page(
        self, services: ServicesOf, cursor: PageCursor = None, limit: PageLimit = DEFAULT_PER_PAGE
    ) -> PayoutBatchPage:
        async with services.database.read() as session:
            rows = await list_batches(session, below=number_position(cursor), limit=limit + 1)
        page, following = cut(rows, limit, lambda batch: batch.batch_id)
        return PayoutBatchPage(batches=[_view(batch) for batch in page], next=following)

    @get(
        "/{batch_id:int}",
        operation_id="getPayoutBatch",
        summary="An export",
        guards=READING,
        responses=NOT_MODIFIED | refusals(401, 403, 404),
    )
    async def read(
        self, batch_id: BatchInPath, request: Request[Any, Any, Any], services: ServicesOf
    ) -> Response[PayoutBatchView]:
        async with services.database.read() as session:
            batch = await read_batch(session, batch_id)
        return conditional(request, _view(batch))

    @post(
        "/{batch_id:int}/settlement",
        operation_id="settlePayoutBatch",
        summary="All of it was paid",
        description="But for what was said to have failed before: `settlePayout` says so of each.",
        guards=SETTLING,
        responses=created(PayoutBatchSettled) | write_refusals(401, 403, 404),
    )
    async def settle(
        self,
        batch_id: BatchInPath,
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        async def act(session: WriteSession, now: datetime) -> PayoutBatchSettled:
            batch = await read_batch(session, batch_id)
            paid = await settle_batch(session, batch, actor=caller.actor, now=now)
            await _record(session, batch, "paid", by=caller.actor, now=now)
            return PayoutBatchSettled(batch_id=batch_id, paid=paid)

        body = canonical_body("settlePayoutBatch", {"batch_id": batch_id})
        return await answer_once(services, caller, idempotency_key, body, act)

    @get(
        "/{batch_id:int}/csv",
        operation_id="getPayoutBatchFile",
        summary="An export as CSV",
        description=(
            "One line for each payout, with its account in clear: the same bytes whenever it is asked for, until a "
            "member in it is erased, whose holder and account are empty then. Each download is on record."
        ),
        media_type=CSV,
        guards=SETTLING,
        responses=refusals(401, 403, 404),
    )
    async def file(self, batch_id: BatchInPath, caller: Staff, services: ServicesOf) -> Response[str]:
        now = services.clock()
        async with services.database.write() as session:
            batch = await read_batch(session, batch_id)
            payouts = await payouts_of(session, batch, now=now)
            await _record(session, batch, "downloaded", by=caller.actor, now=now)
            await session.commit()
        return csv_answer(COLUMNS, map(_cells, payouts), name=f"payouts-{batch_id}.csv")


def _cells(found: FoundPayout) -> Sequence[Cell]:
    payout, payee = found.payout, found.payee
    return (
        redemption_id(payout.member_id, payout.redemption_no),
        payee.holder if payee else None,
        payee.account if payee and payee.is_iban else None,
        payee.account if payee and not payee.is_iban else None,
        payout.amount_minor,
        payout.currency,
    )


def _view(batch: PayoutBatch) -> PayoutBatchView:
    return PayoutBatchView(
        batch_id=batch.batch_id,
        payouts=batch.payouts,
        total_minor=batch.total_minor,
        currency=batch.currency,
        created_by=batch.created_by,
        created_at=batch.created_at,
    )


async def _record(session: WriteSession, batch: PayoutBatch, what: str, *, by: str, now: datetime) -> None:
    await record_change(
        session, actor=by, action=f"payout_batch.{what}", subject=f"payout_batch:{batch.batch_id}", now=now
    )
