"""Which lots a sale or a job earned and which lots paid for it, wherever merges have moved them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loyalty.ledger.account import Account
from loyalty.ledger.entries import Cause
from loyalty.ledger.loading import add_lot, load_lots, lot_from
from loyalty.ledger.lots import Lot
from loyalty.ledger.restoring import SpentLot

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_EARNED = """
WITH RECURSIVE family (member_id, lot_no) AS (
    SELECT member_id, lot_no FROM lot
    WHERE member_id = $1 AND cause_kind = $2 AND cause_no = $3
    UNION
    SELECT l.member_id, l.lot_no
    FROM family f JOIN lot l ON l.origin_member_id = f.member_id AND l.origin_lot_no = f.lot_no
    WHERE l.cause_kind IN ('merge', 'refund')
)
SELECT l.* FROM family f JOIN lot l USING (member_id, lot_no) ORDER BY l.cause_kind <> $2, lot_no
"""
_MOVED = """
SELECT m.lot_no, m.kind, sum(m.amount)::bigint AS points
FROM lot_movement m
WHERE m.member_id = $1 AND m.lot_no = ANY($2::bigint[])
      AND m.kind IN ('expired', 'repaid')
GROUP BY m.lot_no, m.kind
"""
_SPENT = """
SELECT m.lot_no, min(m.movement_no) AS first_no,
       sum(CASE WHEN m.kind = 'restored' THEN -m.amount ELSE m.amount END)::bigint AS points
FROM lot_movement m JOIN journal j USING (member_id, entry_no)
WHERE m.member_id = $1 AND ((m.cause_kind = 'purchase' AND m.cause_no = $2 AND j.kind IN ('spent', 'restored'))
      OR (m.cause_kind = 'hold' AND m.cause_no = $3 AND m.kind = 'captured'))
GROUP BY m.lot_no ORDER BY first_no
"""
_CAPTURED = """
SELECT lot_no, sum(amount)::bigint AS points FROM lot_movement
WHERE member_id = $1 AND cause_kind = 'hold' AND cause_no = $2 AND kind = 'captured'
GROUP BY lot_no ORDER BY min(movement_no)
"""
_COPIES = """
SELECT origin_lot_no, sum(amount)::bigint AS points
FROM lot
WHERE origin_member_id = $1 AND origin_lot_no = ANY($2::bigint[]) AND cause_kind = 'refund'
      AND cause_no IN (SELECT refund_no FROM refund WHERE member_id = $1 AND purchase_no = $3)
GROUP BY origin_lot_no
"""


@dataclass(slots=True)
class EarnedLots:
    """The lots of a sale or action that the member has now, and what became of its points."""

    lots: list[Lot] = field(default_factory=list)
    expired_unspent: int = 0
    repaid_debt: int = 0
    held: int = 0


async def trace_earned(
    connection: "Connection[Record]", account: Account, member_id: int, cause: Cause
) -> Mapping[str, EarnedLots]:
    """By wallet: the lots that ``cause``, be it an action or a job, gave ``member_id``, in the hands of ``account``."""
    by_wallet: dict[str, EarnedLots] = defaultdict(EarnedLots)
    family: dict[int, list[int]] = defaultdict(list)
    wallets: dict[tuple[int, int], str] = {}
    for row in await connection.fetch(_EARNED, member_id, cause.kind, cause.no):
        family[row["member_id"]].append(row["lot_no"])
        wallets[row["member_id"], row["lot_no"]] = row["wallet"]
        wallet = by_wallet[row["wallet"]]
        if row["member_id"] == account.member_id:
            add_lot(account, row)
            lot = account.lots[row["lot_no"]]
            wallet.lots.append(lot)
            wallet.held += lot.held
    for owner_id, lot_nos in family.items():
        for row in await connection.fetch(_MOVED, owner_id, lot_nos):
            earned = by_wallet[wallets[owner_id, row["lot_no"]]]
            _count(earned, row["kind"], row["points"])
    for movement in account.movements:
        # Time has done it, and it is not stored yet.
        if movement.lot_no in family[account.member_id]:
            _count(by_wallet[account.lots[movement.lot_no].wallet], movement.kind, movement.amount)
    return by_wallet


def _count(earned: EarnedLots, kind: str, points: int) -> None:
    if kind == "expired":
        earned.expired_unspent += points
    elif kind == "repaid":
        earned.repaid_debt += points


async def trace_spent(
    connection: "Connection[Record]", account: Account, member_id: int, purchase_no: int, hold_no: int | None
) -> Sequence[SpentLot]:
    """The lots that paid for the purchase, in the order they did, with what has not come back to each."""
    rows = await connection.fetch(_SPENT, member_id, purchase_no, hold_no)
    lot_nos = [row["lot_no"] for row in rows]
    rows_of_copies = await connection.fetch(_COPIES, member_id, lot_nos, purchase_no)
    copies = {row["origin_lot_no"]: row["points"] for row in rows_of_copies}
    lots = await _lots(connection, account, member_id, lot_nos)
    return [SpentLot(member_id, lots[row["lot_no"]], row["points"] - copies.get(row["lot_no"], 0)) for row in rows]


async def trace_captured(
    connection: "Connection[Record]", account: Account, member_id: int, hold_no: int
) -> Sequence[SpentLot]:
    """The lots that a captured hold of ``member_id`` took, in that order, before anything has come back to them."""
    rows = await connection.fetch(_CAPTURED, member_id, hold_no)
    lots = await _lots(connection, account, member_id, [row["lot_no"] for row in rows])
    return [SpentLot(member_id, lots[row["lot_no"]], row["points"]) for row in rows]


async def _lots(
    connection: "Connection[Record]", account: Account, member_id: int, lot_nos: Sequence[int]
) -> Mapping[int, Lot]:
    if member_id == account.member_id:
        await load_lots(connection, account, lot_nos)
        return account.lots
    rows = await connection.fetch("SELECT * FROM lot WHERE member_id = $1 AND lot_no = ANY($2)", member_id, lot_nos)
    return {row["lot_no"]: lot_from(row) for row in rows}
