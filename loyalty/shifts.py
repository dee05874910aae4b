"""The end of a shift: what a till counted, beside what the books have of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta, Struct

from kernel.database import WriteSession, driver
from loyalty.models import ShiftReport
from loyalty.purchases.sale import MAX_EXACT, Minor

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_OF_SHIFT = "terminal_id = $1 AND ($2::text IS NULL OR shift = $2) AND ($3::date IS NULL OR business_date = $3)"
_BOOKED = f"""
SELECT receipt_key, 'sale' AS kind, total_minor FROM purchase WHERE {_OF_SHIFT} AND NOT voided
UNION ALL
SELECT receipt_key, 'sale', total_minor FROM guest_receipt WHERE {_OF_SHIFT} AND claimed_at IS NULL
UNION ALL
SELECT receipt_key, 'refund', amount_minor FROM refund WHERE {_OF_SHIFT} AND NOT is_void
UNION ALL
SELECT receipt_key, 'refund', NULL
FROM (
    SELECT w.receipt_key, w.terminal_id, w.body #>> '{{receipt,shift}}' AS shift,
           coalesce((w.body #>> '{{receipt,business_date}}')::date, (w.received_at AT TIME ZONE s.zone)::date)
               AS business_date
    FROM waiting_refund w JOIN store s USING (store_id) WHERE w.applied_at IS NULL
) AS waiting
WHERE {_OF_SHIFT}
"""  # noqa: S608 - the conditions are ours

Figure = Annotated[int, Meta(ge=0, le=MAX_EXACT)]


class Count(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many receipts, and what they come to, points included."""

    count: Figure
    total_minor: Minor


class Counts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Both kinds of receipts of a shift. What was voided counts in neither."""

    sales: Count
    refunds: Count


class Difference(Struct, frozen=True, kw_only=True):
    """A receipt that the till and the books do not tell alike. Null: not there."""

    receipt_key: str
    reported_minor: int | None = None
    recorded_minor: int | None = None


class Differences(Struct, frozen=True, kw_only=True):
    """Receipts by key, each list in that order."""

    missing: tuple[Difference, ...] = ()
    """The till has them and the books do not: they are to be sent."""
    extra: tuple[Difference, ...] = ()
    """The books have them and the till did not list them."""
    different: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Shift:
    """Which receipts: those of a terminal's business date, shift, or both. One of the two is given."""

    store_id: str
    terminal_id: str
    business_date: date | None
    shift: str | None


@dataclass(frozen=True, slots=True)
class Booked:
    """What the books have of a shift: receipt key to money. None: a refund that waits for its sale's price."""

    sales: Mapping[str, int] = field(default_factory=dict)
    refunds: Mapping[str, int | None] = field(default_factory=dict)

    @property
    def waiting(self) -> int:
        return sum(minor is None for minor in self.refunds.values())

    @property
    def counts(self) -> Counts:
        """Refunds that wait are counted and add nothing to the total."""
        return Counts(sales=_count(self.sales), refunds=_count(self.refunds))


@dataclass(frozen=True, slots=True)
class ShiftComparison:
    """A report that was kept."""

    report_id: int
    agrees: bool
    recorded: Counts
    waiting: int
    differences: Differences


def compare(listed: Mapping[str, int], booked: Mapping[str, int | None]) -> Differences:
    """The receipts that a till listed against those in the books. The price of a refund that waits is not compared."""
    return Differences(
        missing=tuple(
            Difference(receipt_key=key, reported_minor=listed[key]) for key in sorted(listed.keys() - booked.keys())
        ),
        extra=tuple(
            Difference(receipt_key=key, recorded_minor=booked[key]) for key in sorted(booked.keys() - listed.keys())
        ),
        different=tuple(
            Difference(receipt_key=key, reported_minor=listed[key], recorded_minor=booked[key])
            for key in sorted(listed.keys() & booked.keys())
            if booked[key] not in (None, listed[key])
        ),
    )


def agree(reported: Counts, booked: Booked, differences: Differences) -> bool:
    """Whether nothing differs. While refunds wait, the totals of refunds cannot be compared."""
    recorded = booked.counts
    totals = booked.waiting or reported.refunds.total_minor == recorded.refunds.total_minor
    same = reported.sales == recorded.sales and reported.refunds.count == recorded.refunds.count and bool(totals)
    return same and differences == Differences()


async def report_shift(
    session: WriteSession,
    shift: Shift,
    reported: Counts,
    listed: Mapping[str, int] | None,
    *,
    actor: str,
    now: datetime,
) -> ShiftComparison:
    """Compare a till's counts, and the receipts it ``listed`` (key to money), with the books.

    The result is kept for staff and nothing is corrected: what is missing is sent by the till, and then it reports
    again.
    """
    connection = await driver(session)
    booked = await _booked(connection, shift)
    differences = Differences() if listed is None else compare(listed, {**booked.sales, **booked.refunds})
    agrees = agree(reported, booked, differences)
    row = ShiftReport(
        store_id=shift.store_id,
        terminal_id=shift.terminal_id,
        actor=actor,
        business_date=shift.business_date,
        shift=shift.shift,
        reported_at=now,
        agrees=agrees,
        reported=msgspec.to_builtins(reported),
        recorded=msgspec.to_builtins(booked.counts),
        differences=msgspec.to_builtins(differences),
    )
    session.add(row)
    await session.flush()
    return ShiftComparison(row.report_id, agrees, booked.counts, booked.waiting, differences)


async def _booked(connection: "Connection[Record]", shift: Shift) -> Booked:
    rows = await connection.fetch(_BOOKED, shift.terminal_id, shift.shift, shift.business_date)
    return Booked(
        sales={row["receipt_key"]: row["total_minor"] for row in rows if row["kind"] == "sale"},
        refunds={row["receipt_key"]: row["total_minor"] for row in rows if row["kind"] == "refund"},
    )


def _count(receipts: Mapping[str, int] | Mapping[str, int | None]) -> Count:
    amounts: Sequence[int | None] = list(receipts.values())
    return Count(count=len(amounts), total_minor=sum(amount or 0 for amount in amounts))
