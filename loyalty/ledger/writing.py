"""Storing what operations noted, set-based: one statement a table for any number of members."""

from collections.abc import Collection
from typing import TYPE_CHECKING

import msgspec

from kernel.database import RowWriter
from kernel.events import publish
from loyalty.events import HoldResolved, PointsActivated
from loyalty.ledger.account import Account, Hold
from loyalty.ledger.lots import Lot
from loyalty.models import Balance, JournalEntry, LotMovement
from loyalty.models import Hold as HoldRow
from loyalty.models import Lot as LotRow

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_HEADS = """
UPDATE member AS m
SET recorded_at = v.recorded_at, last_entry_no = v.entry_no, last_lot_no = v.lot_no, last_movement_no = v.movement_no,
    last_hold_no = v.hold_no, last_purchase_no = v.purchase_no, last_action_no = v.action_no, tier = v.tier
FROM unnest($1::bigint[], $2::timestamptz[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
            $8::bigint[], $9::text[])
     AS v (member_id, recorded_at, entry_no, lot_no, movement_no, hold_no, purchase_no, action_no, tier)
WHERE m.member_id = v.member_id
"""
_WALLETS = RowWriter(
    Balance,
    *("member_id", "wallet", "remaining", "held", "debt", "next_due_at", "sliding_expires_at"),
    on_conflict="""ON CONFLICT (member_id, wallet) DO UPDATE SET remaining = excluded.remaining, held = excluded.held,
    debt = excluded.debt, next_due_at = excluded.next_due_at, sliding_expires_at = excluded.sliding_expires_at""",
)
_ENTRIES = RowWriter(
    JournalEntry,
    *("member_id", "entry_no", "wallet", "debit", "credit", "amount", "kind", "cause_kind", "cause_no", "actor"),
    *("occurred_at", "recorded_at", "balance_after", "reason"),
)
_NEW_LOTS = RowWriter(
    LotRow,
    *("member_id", "lot_no", "wallet", "amount", "remaining", "held", "available_from", "activated_at", "expires_at"),
    *("expiry", "entry_no", "cause_kind", "cause_no", "origin_member_id", "origin_lot_no"),
)
_CHANGED_LOTS = """
UPDATE lot AS l
SET remaining = v.remaining, held = v.held, activated_at = v.activated_at, expires_at = v.expires_at
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::timestamptz[])
     AS v (member_id, lot_no, remaining, held, activated_at, expires_at)
WHERE l.member_id = v.member_id AND l.lot_no = v.lot_no
"""
_MOVEMENTS = RowWriter(
    LotMovement,
    *("member_id", "movement_no", "lot_no", "kind", "amount", "cause_kind", "cause_no", "entry_no", "occurred_at"),
    "recorded_at",
)
_NEW_HOLDS = RowWriter(
    HoldRow,
    *("member_id", "hold_no", "wallet", "amount", "captured", "status", "expires_at", "store_id", "terminal_id"),
    *("reference", "amount_minor", "allocation", "created_at", "resolved_at"),
)
_CHANGED_HOLDS = """
UPDATE hold AS h SET captured = v.captured, status = v.status, resolved_at = v.resolved_at
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::timestamptz[])
     AS v (member_id, hold_no, captured, status, resolved_at)
WHERE h.member_id = v.member_id AND h.hold_no = v.hold_no
"""
_LATE_CAPTURES = """
UPDATE hold AS h SET status = 'captured_late'
FROM unnest($1::bigint[], $2::bigint[]) AS v (member_id, hold_no)
WHERE h.member_id = v.member_id AND h.hold_no = v.hold_no
"""

_policies: dict[object, str] = {}


async def write_accounts(connection: "Connection[Record]", accounts: Collection[Account]) -> None:
    """Store the noted changes of locked accounts, and tell of the holds that were resolved, whatever resolved them, and
    of the points that time has made available.
    """
    heads = [
        (
            a.member_id,
            a.recorded_at,
            a.last_entry_no,
            a.last_lot_no,
            a.last_movement_no,
            a.last_hold_no,
            a.last_purchase_no,
            a.last_action_no,
            a.tier,
        )
        for a in accounts
    ]
    if heads:
        await connection.execute(_HEADS, *zip(*heads, strict=True))
    await _WALLETS.write(connection, _wallet_rows(accounts))
    await _ENTRIES.write(connection, _entry_rows(accounts))
    await _NEW_LOTS.write(connection, [_lot_row(a, a.lots[n]) for a in accounts for n in sorted(a.new_lots)])
    await _MOVEMENTS.write(connection, _movement_rows(accounts))
    await _NEW_HOLDS.write(connection, [_hold_row(a, a.holds[n]) for a in accounts for n in sorted(a.new_holds)])
    changed_lots = [
        (a.member_id, lot.lot_no, lot.remaining, lot.held, lot.activated_at, lot.expires_at)
        for a in accounts
        for lot in (a.lots[n] for n in sorted(a.changed_lots - a.new_lots))
    ]
    if changed_lots:
        await connection.execute(_CHANGED_LOTS, *zip(*changed_lots, strict=True))
    for account in accounts:
        resolved = [account.holds[hold_no] for hold_no in sorted(account.changed_holds - account.new_holds)]
        await _write_resolved(connection, account, resolved)
        await _tell_of_activated(connection, account)


async def _write_resolved(connection: "Connection[Record]", account: Account, holds: Collection[Hold]) -> None:
    if not holds:
        return
    rows = [(account.member_id, hold.hold_no, hold.captured, hold.status, hold.resolved_at) for hold in holds]
    await connection.execute(_CHANGED_HOLDS, *zip(*rows, strict=True))
    events = [
        HoldResolved(
            member_id=account.member_id,
            hold_no=hold.hold_no,
            outcome=hold.status,
            captured=hold.captured,
            resolved_at=hold.resolved_at or account.recorded_at,
        )
        for hold in holds
    ]
    await publish(connection, events, now=account.recorded_at)


async def _tell_of_activated(connection: "Connection[Record]", account: Account) -> None:
    lots = [account.lots[lot_no] for lot_no in sorted(account.activated_lots)]
    events = [
        PointsActivated(
            member_id=account.member_id,
            lot_no=lot.lot_no,
            wallet=lot.wallet,
            points=lot.remaining,
            activated_at=lot.available_from,
        )
        for lot in lots
        if lot.remaining
    ]
    if events:
        await publish(connection, events, now=account.recorded_at)


async def write_late_captures(connection: "Connection[Record]", holds: Collection[tuple[int, int]]) -> None:
    """Note that sales have used these holds, by (member, number), after their points had gone back."""
    if holds:
        await connection.execute(_LATE_CAPTURES, *zip(*holds, strict=True))


def _wallet_rows(accounts: Collection[Account]) -> list[tuple[object, ...]]:
    return [
        (a.member_id, w.wallet, w.remaining, w.held, w.debt, w.next_due_at, w.sliding_expires_at)
        for a in accounts
        for w in (a.wallets[code] for code in a.changed_wallets)
    ]


def _entry_rows(accounts: Collection[Account]) -> list[tuple[object, ...]]:
    return [
        (
            a.member_id,
            e.entry_no,
            e.wallet,
            e.debit,
            e.credit,
            e.amount,
            e.kind,
            e.act.cause.kind,
            e.act.cause.no,
            e.act.actor,
            e.act.occurred_at,
            e.recorded_at,
            e.balance_after,
            e.act.reason,
        )
        for a in accounts
        for e in a.entries
    ]


def _movement_rows(accounts: Collection[Account]) -> list[tuple[object, ...]]:
    return [
        (
            a.member_id,
            m.movement_no,
            m.lot_no,
            m.kind,
            m.amount,
            m.cause.kind,
            m.cause.no,
            m.entry_no,
            m.occurred_at,
            m.recorded_at,
        )
        for a in accounts
        for m in a.movements
    ]


def _lot_row(account: Account, lot: Lot) -> tuple[object, ...]:
    expiry = _policies.get(lot.expiry)
    if expiry is None:
        expiry = _policies.setdefault(lot.expiry, msgspec.json.encode(lot.expiry).decode())
    return (
        account.member_id,
        lot.lot_no,
        lot.wallet,
        lot.amount,
        lot.remaining,
        lot.held,
        lot.available_from,
        lot.activated_at,
        lot.expires_at,
        expiry,
        lot.entry_no,
        lot.cause.kind,
        lot.cause.no,
        lot.origin_member_id,
        lot.origin_lot_no,
    )


def _hold_row(account: Account, hold: Hold) -> tuple[object, ...]:
    return (
        account.member_id,
        hold.hold_no,
        hold.wallet,
        hold.amount,
        hold.captured,
        hold.status,
        hold.expires_at,
        hold.store_id,
        hold.terminal_id,
        hold.reference,
        hold.amount_minor,
        msgspec.json.encode(hold.allocation).decode(),
        hold.created_at,
        hold.resolved_at,
    )
