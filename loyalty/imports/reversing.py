"""Taking an import back as one, for every member who has not used what came."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from sqlmodel import col, select

from kernel.database import WriteSession, driver
from kernel.errors import ConflictError, NotFoundError
from loyalty.imports.chunking import MEMBERS_AT_ONCE, chunks
from loyalty.imports.coupons import are_unused, brought_coupons, take_coupons_back
from loyalty.imports.receipts import given_receipts, take_receipts_back, used_receipts
from loyalty.imports.tiers import given_tiers, take_tiers_back
from loyalty.ledger.account import Account
from loyalty.ledger.due import apply_due
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.loading import load_lots, lock_accounts
from loyalty.ledger.migrating import migrate_out
from loyalty.ledger.writing import write_accounts
from loyalty.members.erasing import forget_persons
from loyalty.members.ids import member_public_id
from loyalty.models import ImportRun
from loyalty.tiers.current import current_plan

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtextextended('comeback.import', 0))"
_LOTS: Final = "SELECT member_id, lot_no FROM imported_lot WHERE import_id = $1"
_MADE: Final = "SELECT member_id FROM imported_member WHERE import_id = $1"
_FORGET_LOTS: Final = "DELETE FROM imported_lot WHERE import_id = $1 AND member_id = ANY($2::bigint[])"
_FORGET_MEMBERS: Final = "DELETE FROM imported_member WHERE member_id = ANY($1::bigint[])"
_JOINED: Final = "SELECT DISTINCT merged_into FROM member WHERE merged_into = ANY($1::bigint[])"
_END: Final = "UPDATE member SET status = 'erased', tier = NULL WHERE member_id = ANY($1::bigint[])"


class ImportNotFoundError(NotFoundError):
    """No such import."""

    code = "import_not_found"
    title = "There is no such import."


class ImportReversedError(ConflictError):
    """It has been taken back as far as that could be."""

    code = "import_reversed"
    title = "This import has been reversed."


class KeptMember(Struct, frozen=True, kw_only=True):
    """Somebody with whom everything stays as it is, and why."""

    member_id: str
    why: str
    """``points_used``, ``has_bought``, ``merged`` (away, or with somebody who was here), ``other_points``,
    ``coupon_used``, or ``receipt_used``: a receipt was refunded, or paid for since."""


class Reversed(Struct, frozen=True, kw_only=True):
    """What was taken back, and what stays."""

    import_id: int
    members_removed: int
    lots_taken_back: int
    tiers_ended: int
    receipts_removed: int
    coupons_withdrawn: int
    kept: list[KeptMember]


async def reverse_import(session: WriteSession, import_id: int, *, actor: str, now: datetime) -> Reversed:
    """Take back the import's lots, and remove the members it made, who are free to come again.

    A member who has used any of it keeps all of it and is told. Raises ``ImportNotFoundError`` and
    ``ImportReversedError``.
    """
    connection = await driver(session)
    await connection.execute(_ONE_AT_A_TIME)
    run = (await session.exec(select(ImportRun).where(col(ImportRun.import_id) == import_id))).one_or_none()
    if run is None:
        raise ImportNotFoundError
    if run.status != "applied":
        raise ImportReversedError
    lots: dict[int, list[int]] = defaultdict(list)
    for row in await connection.fetch(_LOTS, import_id):
        lots[row["member_id"]].append(row["lot_no"])
    made = {row["member_id"] for row in await connection.fetch(_MADE, import_id)}
    tiers = await given_tiers(connection, import_id)
    receipts = await given_receipts(connection, import_id)
    coupons = await brought_coupons(connection, import_id)
    kept: list[KeptMember] = []
    taken_back, removed, ended, undone, withdrawn = 0, 0, 0, 0, 0
    for member_ids in chunks(sorted(lots.keys() | made | tiers | receipts.keys() | coupons.keys()), MEMBERS_AT_ONCE):
        accounts = await lock_accounts(connection, member_ids, now=now, with_lots=member_ids)
        used = await used_receipts(connection, member_ids, import_id)
        joined = {row["merged_into"] for row in await connection.fetch(_JOINED, sorted(made & set(member_ids)))}
        unused = []
        for member_id in member_ids:
            own = receipts.get(member_id, ())
            why = await _why_kept(
                connection, accounts[member_id], lots[member_id], own, made=member_id in made, now=now
            )
            why = "merged" if why is None and member_id in joined else why
            why = "receipt_used" if why is None and member_id in used else why
            why = "coupon_used" if why is None and not are_unused(coupons.get(member_id, ())) else why
            if why is None:
                unused.append(member_id)
            else:
                kept.append(KeptMember(member_id=member_public_id(member_id), why=why))
        await _take_back(
            connection, [accounts[member_id] for member_id in unused], lots, import_id, actor=actor, now=now
        )
        taken_back += sum(len(lots[member_id]) for member_id in unused)
        plan = await current_plan(session, now=now)
        undone += await take_receipts_back(
            connection, {member_id: receipts[member_id] for member_id in unused if member_id in receipts}, plan, now=now
        )
        if plan is not None:
            ended += await take_tiers_back(connection, tiers & set(unused), plan, now=now)
        own_coupons = [coupon for member_id in unused for coupon in coupons.get(member_id, ())]
        withdrawn += await take_coupons_back(session, own_coupons, actor=actor, now=now)
        removed += await _remove(session, sorted(made & set(unused)))
    run.status = "partly_reversed" if kept else "reversed"
    run.reversed_by, run.reversed_at = actor, now
    await session.flush()
    return Reversed(
        import_id=import_id,
        members_removed=removed,
        lots_taken_back=taken_back,
        tiers_ended=ended,
        receipts_removed=undone,
        coupons_withdrawn=withdrawn,
        kept=kept,
    )


async def _why_kept(
    connection: "Connection[Record]",
    account: Account,
    lot_nos: Sequence[int],
    purchase_nos: Sequence[int],
    *,
    made: bool,
    now: datetime,
) -> str | None:
    if account.status in ("merged", "erased"):
        return "merged"
    apply_due(account, now)
    await load_lots(connection, account, lot_nos)
    if any(account.lots[lot_no].remaining < account.lots[lot_no].amount for lot_no in lot_nos):
        return "points_used"
    if any(account.lots[lot_no].held for lot_no in lot_nos):
        return "points_used"
    # Numbers have no gaps: the receipts that came must be the last ones, and all that a new member has.
    first_no = account.last_purchase_no - len(purchase_nos) + 1
    if (made and first_no > 1) or (purchase_nos and min(purchase_nos) != first_no):
        return "has_bought"
    if made and account.last_hold_no:
        return "has_bought"
    if made and account.last_lot_no > len(lot_nos):
        return "other_points"
    return None


async def _take_back(
    connection: "Connection[Record]",
    accounts: Sequence[Account],
    lots: Mapping[int, Sequence[int]],
    import_id: int,
    *,
    actor: str,
    now: datetime,
) -> None:
    act = Act(Cause("import", import_id), actor, now, now)
    for account in accounts:
        migrate_out(account, [account.lots[lot_no] for lot_no in lots[account.member_id]], act)
    await write_accounts(connection, [account for account in accounts if account.is_changed])
    await connection.execute(_FORGET_LOTS, import_id, [account.member_id for account in accounts])


async def _remove(session: WriteSession, member_ids: Collection[int]) -> int:
    """The persons go, so that their phones are free; the numbers stay in the books."""
    connection = await driver(session)
    await forget_persons(session, list(member_ids))
    await connection.execute(_END, list(member_ids))
    await connection.execute(_FORGET_MEMBERS, list(member_ids))
    return len(member_ids)
