"""The story of a member's points: every entry that changed a balance, with what it came from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from loyalty.ledger.account import Account
from loyalty.ledger.entries import Cause, Entry
from loyalty.ledger.loading import lot_from
from loyalty.ledger.lots import Lot

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_OWN_ACCOUNTS = frozenset({"member", "debt"})

_ENTRIES = """
SELECT j.* FROM unnest($1::bigint[]) AS f (member_id) CROSS JOIN LATERAL (
    SELECT member_id, entry_no, wallet, debit, credit, amount, kind, cause_kind, cause_no, actor,
           occurred_at, recorded_at, reason
    FROM journal
    WHERE member_id = f.member_id AND kind <> 'merge'
          AND NOT (debit IN ('member', 'debt') AND credit IN ('member', 'debt'))
          AND ($3::bigint IS NULL OR CASE WHEN member_id = $3 THEN entry_no < $4
                                          ELSE (recorded_at, member_id) < ($2::timestamptz, $3) END)
    ORDER BY entry_no DESC LIMIT $5
) AS j
ORDER BY j.recorded_at DESC, j.member_id DESC, j.entry_no DESC LIMIT $5
"""
_ORIGINS = """
SELECT w.place, p.member_id, p.purchase_no, p.total_minor, p.currency, coalesce(r.store_id, p.store_id) AS store_id,
       s.name AS store_name
FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::timestamptz[]) WITH ORDINALITY
     AS w (member_id, cause_kind, cause_no, occurred_at, place)
LEFT JOIN lot l ON w.cause_kind = 'lot' AND l.member_id = w.member_id AND l.lot_no = w.cause_no
LEFT JOIN LATERAL (
    SELECT f.member_id, f.purchase_no, f.store_id FROM refund f
    WHERE w.cause_kind = 'refund' AND f.member_id = ANY($5::bigint[]) AND f.refund_no = w.cause_no
          AND f.occurred_at = w.occurred_at
    ORDER BY f.member_id = w.member_id DESC LIMIT 1
) AS r ON true
JOIN purchase p ON p.member_id = coalesce(r.member_id, w.member_id) AND p.purchase_no = CASE
    WHEN w.cause_kind = 'purchase' THEN w.cause_no
    WHEN w.cause_kind = 'refund' THEN r.purchase_no
    WHEN w.cause_kind = 'lot' AND l.cause_kind = 'purchase' THEN l.cause_no END
LEFT JOIN store s ON s.store_id = coalesce(r.store_id, p.store_id)
"""
_DEEDS = """
SELECT w.place, a.member_id, a.action_no, a.type
FROM unnest($1::bigint[], $2::text[], $3::bigint[]) WITH ORDINALITY AS w (member_id, cause_kind, cause_no, place)
LEFT JOIN lot l ON w.cause_kind = 'lot' AND l.member_id = w.member_id AND l.lot_no = w.cause_no
JOIN action a ON a.member_id = w.member_id AND a.action_no = CASE
    WHEN w.cause_kind = 'action' THEN w.cause_no
    WHEN w.cause_kind = 'lot' AND l.cause_kind = 'action' THEN l.cause_no END
"""
_LOTS = """
SELECT l.*
FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[]) AS w (member_id, cause_kind, cause_no, entry_no)
JOIN lot l USING (member_id, cause_kind, cause_no, entry_no)
"""


class Position(NamedTuple):
    """A place in the story: its entry, and when that was recorded."""

    recorded_at: datetime
    member_id: int
    entry_no: int


@dataclass(frozen=True, slots=True)
class Origin:
    """The purchase that an entry came from, also by way of a refund or an expiry."""

    member_id: int
    purchase_no: int
    total_minor: int
    currency: str
    store_id: str
    """Where it happened: for a refund the store that took the goods back."""
    store_name: str | None


@dataclass(frozen=True, slots=True)
class Deed:
    """The action that an entry came from, also by way of an expiry or of being taken back."""

    member_id: int
    action_no: int
    type: str


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One change of a balance. ``points`` is what it added, negative for what it took."""

    position: Position
    wallet: str
    points: int
    kind: str
    cause: Cause
    occurred_at: datetime
    reason: str | None
    actor: str
    """Who did it, as the journal writes it. Not for the member's eyes: it names cashiers and staff."""
    lot: Lot | None = None
    """For points that came: when they can be used, and until when."""
    origin: Origin | None = None
    deed: Deed | None = None


async def read_history(
    connection: "Connection[Record]", account: Account, family: Sequence[int], *, before: Position | None, limit: int
) -> list[HistoryEntry]:
    """The latest ``limit`` changes before a position, the last recorded first.

    ``account`` is a copy with what is due applied (``look_at_account``), so that an expiry which nobody has written yet
    is in its place. ``family`` are the member and those merged into it: their pasts are one story, in which points
    that only changed their number within the family do not appear. The sum of all ``points`` is the balance.
    """
    entries = [
        _from_entry(entry, account.member_id)
        for entry in reversed(account.entries)
        if (before is None or (before.member_id == account.member_id and entry.entry_no < before.entry_no))
        and not _OWN_ACCOUNTS.issuperset((entry.debit, entry.credit))
    ][:limit]
    stored = await connection.fetch(_ENTRIES, list(family), *(before or (None, None, None)), limit - len(entries))
    entries += [_from_row(row) for row in stored]
    origins = await _origins(connection, entries, family)
    deeds = await _deeds(connection, entries)
    lots = await _lots(connection, entries, account)
    return [
        replace(
            entry,
            lot=lots.get((entry.position.member_id, entry.position.entry_no)),
            origin=origins.get(place),
            deed=deeds.get(place),
        )
        for place, entry in enumerate(entries, start=1)
    ]


def _from_entry(entry: Entry, member_id: int) -> HistoryEntry:
    return HistoryEntry(
        position=Position(entry.recorded_at, member_id, entry.entry_no),
        wallet=entry.wallet,
        points=_signed(entry.amount, entry.credit),
        kind=entry.kind,
        cause=entry.act.cause,
        occurred_at=entry.act.occurred_at,
        reason=entry.act.reason,
        actor=entry.act.actor,
    )


def _from_row(row: "Record") -> HistoryEntry:
    return HistoryEntry(
        position=Position(row["recorded_at"], row["member_id"], row["entry_no"]),
        wallet=row["wallet"],
        points=_signed(row["amount"], row["credit"]),
        kind=row["kind"],
        cause=Cause(row["cause_kind"], row["cause_no"]),
        occurred_at=row["occurred_at"],
        reason=row["reason"],
        actor=row["actor"],
    )


def _signed(amount: int, credit: str) -> int:
    return amount if credit in _OWN_ACCOUNTS else -amount


async def _origins(
    connection: "Connection[Record]", entries: Sequence[HistoryEntry], family: Sequence[int]
) -> dict[int, Origin]:
    """Place among ``entries``, from 1, to the purchase behind it."""
    rows = await connection.fetch(
        _ORIGINS,
        [entry.position.member_id for entry in entries],
        [entry.cause.kind for entry in entries],
        [entry.cause.no for entry in entries],
        [entry.occurred_at for entry in entries],
        list(family),
    )
    return {row["place"]: Origin(*list(row)[1:]) for row in rows}


async def _deeds(connection: "Connection[Record]", entries: Sequence[HistoryEntry]) -> dict[int, Deed]:
    """Place among ``entries``, from 1, to the action behind it."""
    rows = await connection.fetch(
        _DEEDS,
        [entry.position.member_id for entry in entries],
        [entry.cause.kind for entry in entries],
        [entry.cause.no for entry in entries],
    )
    return {row["place"]: Deed(*list(row)[1:]) for row in rows}


async def _lots(
    connection: "Connection[Record]", entries: Sequence[HistoryEntry], account: Account
) -> dict[tuple[int, int], Lot]:
    """The lots that entries opened, by member and entry; the account's own as they are now."""
    rows = await connection.fetch(
        _LOTS,
        [entry.position.member_id for entry in entries],
        [entry.cause.kind for entry in entries],
        [entry.cause.no for entry in entries],
        [entry.position.entry_no for entry in entries],
    )
    found = {(row["member_id"], row["entry_no"]): lot_from(row) for row in rows}
    return found | {(account.member_id, lot.entry_no): lot for lot in account.lots.values()}
