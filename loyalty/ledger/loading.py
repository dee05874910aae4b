"""Locking members and reading what an operation needs of their ledger.

Two statements, never one: the row locks are taken first, in ascending order, and the state is read by the statements
after it. A statement that locks and joins at once was seen to return the balance from before it waited.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from loyalty.ledger.account import Account, Cause, Hold, Lot, Wallet
from loyalty.ledger.due import is_due
from loyalty.programme.policies import ExpiryPolicy

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_HEAD = """
SELECT member_id, zone, status, recorded_at, enrolled_at, language, tier, earning_frozen, spending_frozen, merged_into,
       last_entry_no, last_lot_no, last_movement_no, last_hold_no, last_purchase_no
FROM member WHERE member_id = ANY($1::bigint[])
"""
_LOCK = _HEAD + "ORDER BY member_id FOR NO KEY UPDATE"
_LOCK_UNLOCKED = _LOCK + " SKIP LOCKED"
_WALLETS = """
SELECT member_id, wallet, remaining, held, debt, next_due_at, sliding_expires_at
FROM balance WHERE member_id = ANY($1::bigint[])
"""
_LOT = """
SELECT member_id, lot_no, wallet, amount, remaining, held, available_from, activated_at, expires_at, expiry, entry_no,
       cause_kind, cause_no, origin_member_id, origin_lot_no
FROM lot WHERE member_id = ANY($1::bigint[])
"""
_LIVE_LOTS = _LOT + " AND remaining > 0"
_HOLD = """
SELECT h.member_id, h.hold_no, h.wallet, h.amount, h.captured, h.status, h.expires_at, h.store_id, h.terminal_id,
       h.reference, h.amount_minor, h.allocation, h.created_at, h.resolved_at
FROM hold h
"""
_OPEN_HOLDS = _HOLD + "WHERE h.member_id = ANY($1::bigint[]) AND h.status = 'open'"
_HOLDS_BY_KEY = _HOLD + "JOIN unnest($1::bigint[], $2::bigint[]) AS w (member_id, hold_no) USING (member_id, hold_no)"
_HELD = """
SELECT m.member_id, m.cause_no AS hold_no, m.lot_no,
       sum(CASE m.kind WHEN 'held' THEN m.amount ELSE -m.amount END) AS points
FROM lot_movement m
WHERE m.member_id = ANY($1::bigint[]) AND m.cause_kind = 'hold' AND (m.member_id, m.cause_no) IN
      (SELECT h.member_id, h.hold_no FROM hold h WHERE h.member_id = ANY($1::bigint[]) AND h.status = 'open')
GROUP BY m.member_id, m.cause_no, m.lot_no
"""


async def lock_accounts(
    connection: "Connection[Record]",
    member_ids: Iterable[int],
    *,
    now: datetime,
    with_lots: Collection[int] = (),
    skip_locked: bool = False,
) -> dict[int, Account]:
    """Lock members in ascending order until the transaction ends, then read them.

    Members that do not exist are absent from the answer; so are those locked by somebody else, with ``skip_locked``.
    Lots and holds are read for ``with_lots``, for members with debt, and where something is due by ``now``.
    """
    wanted = sorted(set(member_ids))
    rows = await connection.fetch(_LOCK_UNLOCKED if skip_locked else _LOCK, wanted)
    return await _fill(connection, rows, now=now, with_lots=with_lots)


async def read_accounts(
    connection: "Connection[Record]", member_ids: Iterable[int], *, now: datetime
) -> dict[int, Account]:
    """Members with all live lots, unlocked: for reads, which apply what is due to this copy and write nothing."""
    wanted = sorted(set(member_ids))
    return await _fill(connection, await connection.fetch(_HEAD, wanted), now=now, with_lots=wanted)


async def _fill(
    connection: "Connection[Record]", heads: "list[Record]", *, now: datetime, with_lots: Collection[int]
) -> dict[int, Account]:
    accounts = {head["member_id"]: Account(**head) for head in heads}
    for row in await connection.fetch(_WALLETS, list(accounts)):
        member_id, *folds = row
        accounts[member_id].wallets[row["wallet"]] = Wallet(*folds)
    needing = [
        member_id
        for member_id, account in accounts.items()
        if member_id in with_lots or account.needs_lots or is_due(account, now)
    ]
    if needing:
        await _load_live(connection, accounts, needing)
    return accounts


async def _load_live(connection: "Connection[Record]", accounts: dict[int, Account], member_ids: list[int]) -> None:
    for row in await connection.fetch(_LIVE_LOTS, member_ids):
        add_lot(accounts[row["member_id"]], row)
    for row in await connection.fetch(_OPEN_HOLDS, member_ids):
        account = accounts[row["member_id"]]
        account.holds[row["hold_no"]] = hold_from(row)
    for row in await connection.fetch(_HELD, member_ids):
        if points := int(row["points"]):
            accounts[row["member_id"]].holds[row["hold_no"]].lots[row["lot_no"]] = points
    for member_id in member_ids:
        accounts[member_id].lots_loaded = True


async def load_lots(connection: "Connection[Record]", account: Account, lot_nos: Collection[int]) -> None:
    """Add lots that are used up, which a refund needs: those of a purchase, or those that paid for one."""
    missing = [lot_no for lot_no in lot_nos if lot_no not in account.lots]
    if missing:
        for row in await connection.fetch(_LOT + " AND lot_no = ANY($2::bigint[])", [account.member_id], missing):
            add_lot(account, row)


async def load_holds(
    connection: "Connection[Record]", keys: Collection[tuple[int, int]]
) -> dict[tuple[int, int], Hold]:
    """Holds by (member, number) in whatever state they are, without their lots."""
    if not keys:
        return {}
    rows = await connection.fetch(_HOLDS_BY_KEY, *zip(*keys, strict=True))
    return {(row["member_id"], row["hold_no"]): hold_from(row) for row in rows}


def add_lot(account: Account, row: "Record") -> None:
    """Put a row of ``lot`` into the account, unless the account already has the lot."""
    if row["lot_no"] not in account.lots:
        account.lots[row["lot_no"]] = lot_from(row)


def lot_from(row: "Record") -> Lot:
    """A lot from its row."""
    return Lot(
        lot_no=row["lot_no"],
        wallet=row["wallet"],
        amount=row["amount"],
        remaining=row["remaining"],
        held=row["held"],
        available_from=row["available_from"],
        activated_at=row["activated_at"],
        expires_at=row["expires_at"],
        expiry=msgspec.convert(row["expiry"], ExpiryPolicy),
        entry_no=row["entry_no"],
        cause=Cause(row["cause_kind"], row["cause_no"]),
        origin_member_id=row["origin_member_id"],
        origin_lot_no=row["origin_lot_no"],
    )


def hold_from(row: "Record") -> Hold:
    """A hold from its row, without its lots."""
    fields = dict(row)
    del fields["member_id"]
    return Hold(**fields)
