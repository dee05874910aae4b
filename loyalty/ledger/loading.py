"""Locking members and reading what an operation needs of their ledger.

Two statements, never one: the row locks are taken first, in ascending order, and the state is read by the statements
after it. A statement that locks and joins at once was seen to return the balance from before it waited.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from kernel.database import Query, Row, fetch_together
from loyalty.ledger.account import Account, Hold, Wallet
from loyalty.ledger.due import is_due
from loyalty.ledger.entries import Cause
from loyalty.ledger.lots import Lot
from loyalty.programme.policies import ExpiryPolicy

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_HEAD = """
SELECT member_id, zone, status, recorded_at, enrolled_at, language, tier, earning_frozen, spending_frozen, merged_into,
       last_entry_no, last_lot_no, last_movement_no, last_hold_no, last_purchase_no,
       last_action_no
FROM member WHERE member_id = ANY($1::bigint[])
"""
_LOCK = _HEAD + "ORDER BY member_id FOR NO KEY UPDATE"
_LOCK_UNLOCKED = _LOCK + " SKIP LOCKED"
_WALLETS = """
SELECT m.member_id, closed.until, b.wallet, b.remaining, b.held, b.debt, b.next_due_at, b.sliding_expires_at
FROM unnest($1::bigint[]) AS m (member_id)
CROSS JOIN (SELECT max(ends_at) AS until FROM accounting_period) AS closed
LEFT JOIN balance AS b USING (member_id)
"""
_LOT_COLUMNS = (
    *("lot_no", "wallet", "amount", "remaining", "held", "available_from", "activated_at", "expires_at", "expiry"),
    *("entry_no", "cause_kind", "cause_no", "origin_member_id", "origin_lot_no"),
)
_LOT = f"SELECT member_id, {', '.join(_LOT_COLUMNS)} FROM lot WHERE member_id = ANY($1::bigint[])"  # noqa: S608
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
    accounts = await lock_members(connection, member_ids, skip_locked=skip_locked)
    add_wallets(accounts, (await fetch_together(connection, wallets_query(accounts)))[0])
    await load_live(connection, accounts, with_lots=with_lots, now=now)
    return accounts


async def lock_members(
    connection: "Connection[Record]", member_ids: Iterable[int], *, skip_locked: bool = False
) -> dict[int, Account]:
    """The first of the two statements alone: accounts that do not know yet what they have."""
    rows = await connection.fetch(_LOCK_UNLOCKED if skip_locked else _LOCK, sorted(set(member_ids)))
    return {row[0]: Account(*row) for row in rows}


def wallets_query(member_ids: Iterable[int]) -> Query:
    """The wallets of members, and how far the books are closed, for ``add_wallets``.

    Sent after the lock: whoever does not see here that a month was closed is waited for by who closes it.
    """
    return Query(_WALLETS, (list(member_ids),))


def add_wallets(accounts: Mapping[int, Account], rows: Iterable[Row]) -> None:
    """Put the stored folds into their accounts. Nothing will be recorded in a closed month.

    There is a row for whoever was asked for; who does not exist has no account.
    """
    for member_id, closed_until, *folds in rows:
        if (account := accounts.get(member_id)) is None:
            continue
        if closed_until is not None:
            account.recorded_at = max(account.recorded_at, closed_until)
        if folds[0] is not None:
            wallet = Wallet(*folds)
            account.wallets[wallet.wallet] = wallet


async def load_live(
    connection: "Connection[Record]", accounts: Mapping[int, Account], *, with_lots: Collection[int], now: datetime
) -> None:
    """Add live lots and open holds to those accounts that need them."""
    needing = [
        member_id
        for member_id, account in accounts.items()
        if member_id in with_lots or account.needs_lots or is_due(account, now)
    ]
    if needing:
        _add_live(accounts, await fetch_together(connection, *_live_queries(needing)), needing)


async def read_accounts(connection: "Connection[Record]", member_ids: Collection[int]) -> dict[int, Account]:
    """Members with all live lots, unlocked: for reads, which apply what is due to this copy and write nothing."""
    return accounts_from(await fetch_together(connection, *account_queries(member_ids)))


def account_queries(member_ids: Collection[int]) -> tuple[Query, ...]:
    """The five queries of ``read_accounts``, to be sent together with others; ``accounts_from`` takes their rows."""
    wanted = sorted(set(member_ids))
    return (Query(_HEAD, (wanted,)), wallets_query(wanted), *_live_queries(wanted))


def accounts_from(answers: Sequence[Sequence[Row]]) -> dict[int, Account]:
    """The members out of the rows of ``account_queries``, in their order."""
    heads, wallets, *live = answers
    accounts = {head[0]: Account(*head) for head in heads}
    add_wallets(accounts, wallets)
    _add_live(accounts, live, accounts)
    return accounts


def _live_queries(member_ids: Sequence[int]) -> tuple[Query, ...]:
    return tuple(Query(sql, (member_ids,)) for sql in (_LIVE_LOTS, _OPEN_HOLDS, _HELD))


def _add_live(accounts: Mapping[int, Account], answers: Sequence[Sequence[Row]], member_ids: Iterable[int]) -> None:
    lots, holds, held = answers
    for member_id, *fields in lots:
        lot = _lot(fields)
        accounts[member_id].lots.setdefault(lot.lot_no, lot)
    for member_id, *hold in holds:
        accounts[member_id].holds[hold[0]] = Hold(*hold)
    for member_id, hold_no, lot_no, points in held:
        if points:
            accounts[member_id].holds[hold_no].lots[lot_no] = int(points)
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
    return {(member_id, fields[0]): Hold(*fields) for member_id, *fields in rows}


def add_lot(account: Account, row: "Record") -> None:
    """Put a row of ``lot`` into the account, unless the account already has the lot."""
    if row["lot_no"] not in account.lots:
        account.lots[row["lot_no"]] = lot_from(row)


def lot_from(row: "Record") -> Lot:
    """A lot from its row, in whatever order its columns are."""
    return _lot([row[name] for name in _LOT_COLUMNS])


def _lot(fields: Sequence[Any]) -> Lot:
    terms, (expiry, entry_no, cause_kind, cause_no), origin = fields[:8], fields[8:12], fields[12:]
    return Lot(*terms, msgspec.convert(expiry, ExpiryPolicy), entry_no, Cause(cause_kind, cause_no), *origin)  # type: ignore[call-arg]
