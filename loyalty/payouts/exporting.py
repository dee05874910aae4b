"""Batches for the bank: each approved payout is in exactly one, and a batch says the same whenever it is read."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlmodel import col, select

from kernel.database import ReadSession, WriteSession, driver
from kernel.errors import ConflictError, NotFoundError
from loyalty.ledger.forwarding import surviving_members
from loyalty.ledger.loading import lock_members
from loyalty.models import PayoutBatch
from loyalty.payouts.finding import FoundPayout, list_payouts

if TYPE_CHECKING:
    from asyncpg import Connection, Record

MOST_IN_A_BATCH: Final = 1_000
_WAITING = """
SELECT p.member_id, p.redemption_no, p.currency, p.amount_minor
FROM payout AS p JOIN redemption AS r USING (member_id, redemption_no)
WHERE p.decision = 'approved' AND p.batch_id IS NULL AND r.state = 'issued'
"""
_CANDIDATES = _WAITING + " ORDER BY p.decided_at, p.member_id, p.redemption_no LIMIT $1"
_THESE = "(p.member_id, p.redemption_no) IN (SELECT * FROM unnest($2::bigint[], $3::bigint[]))"
_LOCKED = f"{_WAITING} AND p.currency = $1 AND {_THESE}"
_PUT = """
UPDATE payout SET batch_id = $1
WHERE (member_id, redemption_no) IN (SELECT * FROM unnest($2::bigint[], $3::bigint[])) AND batch_id IS NULL
"""


class NothingToExportError(ConflictError):
    """No approved payout waits for the bank."""

    code = "nothing_to_export"
    title = "No approved payout waits to be exported."


class PayoutBatchNotFoundError(NotFoundError):
    """No such batch."""

    code = "payout_batch_not_found"
    title = "There is no such batch of payouts."


async def export_payouts(session: WriteSession, *, actor: str, now: datetime) -> PayoutBatch:
    """Put the approved payouts that waited longest, at most ``MOST_IN_A_BATCH`` and all of one currency, in a batch.

    Two who export at once get two batches that have nothing in common, or one of them ``NothingToExportError``.
    """
    connection = await driver(session)
    candidates = await connection.fetch(_CANDIDATES, MOST_IN_A_BATCH)
    if not candidates:
        raise NothingToExportError
    ready = await lock_owners(connection, {row["member_id"] for row in candidates})
    keys = [(row["member_id"], row["redemption_no"]) for row in candidates if row["member_id"] in ready]
    rows = await connection.fetch(_LOCKED, candidates[0]["currency"], *_columns(keys))
    if not rows:
        raise NothingToExportError
    batch = PayoutBatch(
        payouts=len(rows),
        total_minor=sum(row["amount_minor"] for row in rows),
        currency=candidates[0]["currency"],
        created_by=actor,
        created_at=now,
    )
    session.add(batch)
    await session.flush()
    put = await connection.execute(
        _PUT, batch.batch_id, *_columns([(row["member_id"], row["redemption_no"]) for row in rows])
    )
    assert put == f"UPDATE {len(rows)}", "the members are locked"
    return batch


async def lock_owners(connection: "Connection[Record]", owners: Collection[int]) -> set[int]:
    """Lock the members whose payouts these are, or the ones they were merged into, in ascending order.

    Answers the owners but for those who were merged away between the look-up and the lock: they wait for next time.
    """
    survivors = await surviving_members(connection, owners)
    locked = await lock_members(connection, {survivors.get(owner, owner) for owner in owners})
    return {owner for owner in owners if locked[survivors.get(owner, owner)].merged_into is None}


async def read_batch(session: ReadSession, batch_id: int) -> PayoutBatch:
    """Raises ``PayoutBatchNotFoundError``."""
    if (batch := await session.get(PayoutBatch, batch_id)) is None:
        raise PayoutBatchNotFoundError
    return batch


async def list_batches(session: ReadSession, *, below: int | None, limit: int) -> Sequence[PayoutBatch]:
    """The latest ``limit`` whose number is below ``below``."""
    statement = select(PayoutBatch).order_by(col(PayoutBatch.batch_id).desc()).limit(limit)
    if below is not None:
        statement = statement.where(col(PayoutBatch.batch_id) < below)
    return (await session.exec(statement)).all()


async def payouts_of(session: ReadSession, batch: PayoutBatch, *, now: datetime) -> Sequence[FoundPayout]:
    """All payouts of the batch, whatever became of them, always in the same order."""
    return await list_payouts(session, state=None, batch_id=batch.batch_id, after=None, limit=batch.payouts, now=now)


def _columns(keys: Sequence[tuple[int, int]]) -> tuple[list[int], list[int]]:
    return [member_id for member_id, _ in keys], [number for _, number in keys]
