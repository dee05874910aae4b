"""Writing an import: everything in the caller's transaction, or nothing."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from kernel.database import RowWriter, WriteSession, driver
from loyalty.earning.calendar import local_day_starts
from loyalty.imports.checking import Met, Terms, digest_of, meet, zones_of
from loyalty.imports.chunking import MEMBERS_AT_ONCE, chunks
from loyalty.imports.consistency import inconsistencies
from loyalty.imports.coupons import give_coupons
from loyalty.imports.members import change_members, enrol_members, give_consents, give_identities
from loyalty.imports.problems import ImportProblem, ImportRefusedError
from loyalty.imports.receipts import give_receipts
from loyalty.imports.rows import Delivery, LotRow
from loyalty.imports.tiers import give_tiers
from loyalty.ledger.account import Account
from loyalty.ledger.due import apply_due
from loyalty.ledger.earning import Grant
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.loading import lock_accounts, lock_members
from loyalty.ledger.migrating import migrate_in
from loyalty.ledger.terms import NEVER
from loyalty.ledger.writing import write_accounts
from loyalty.models import ImportedLot, ImportedMember, ImportRun
from loyalty.programme.policies import ExpiryPolicy

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtextextended('comeback.import', 0))"
_GONE: Final = ("merged", "erased")
_MEMBERS: Final = RowWriter(ImportedMember, "member_id", "import_id")
_LOTS: Final = RowWriter(ImportedLot, "source", "lot_key", "import_id", "member_id", "lot_no", "digest")


class ImportCounts(Struct, frozen=True, kw_only=True):
    """What an import does, or did."""

    members_new: int = 0
    members_changed: int = 0
    identities_new: int = 0
    consents_new: int = 0
    lots_new: int = 0
    tiers_new: int = 0
    """Given, or changed."""
    coupons_new: int = 0
    points: dict[str, int] = {}
    """Of the new lots, by wallet."""
    receipts_new: int = 0

    @property
    def is_nothing(self) -> bool:
        return not any(getattr(self, name) for name in self.__struct_fields__)


class Imported(Struct, frozen=True, kw_only=True):
    """What was done. ``import_id`` is None when there was nothing to do."""

    import_id: int | None
    counts: ImportCounts


async def find_problems(
    connection: "Connection[Record]", delivery: Delivery, terms: Terms
) -> tuple[Met, list[ImportProblem]]:
    """Everything that is wrong with the rows together, and with them here."""
    met, problems = await meet(connection, delivery, terms)
    return met, sorted([*inconsistencies(delivery), *problems])


async def apply_import(session: WriteSession, delivery: Delivery, terms: Terms, *, actor: str) -> Imported:
    """Write all of it; what has come before is left alone, and members take over what changed.

    One import at a time. Members who are known are locked first, all of them in ascending order: somebody who is merged
    or erased meanwhile gets nothing. Raises ``ImportRefusedError`` with every problem; nothing has been written then. A
    registration of the same phone at the same instant makes the transaction fail as a whole.
    """
    connection = await driver(session)
    await connection.execute(_ONE_AT_A_TIME)
    met = await _meet_locked(connection, delivery, terms)
    run = ImportRun(source=terms.source, applied_by=actor, applied_at=terms.now, counts={})
    session.add(run)
    await session.flush()
    before = dict(met.members)
    enrolled = await enrol_members(
        connection, [row for row in delivery.members if row.external_id not in before], terms
    )
    met.members |= enrolled
    await _MEMBERS.write(connection, [(member_id, run.import_id) for member_id in enrolled.values()])
    known = [row for row in delivery.members if row.external_id in before]
    lots = [row for row in delivery.lots if row.lot_key not in met.lots]
    counts = ImportCounts(
        members_new=len(enrolled),
        members_changed=await change_members(connection, known, before, terms),
        identities_new=await give_identities(connection, delivery, met, enrolled, terms),
        consents_new=await give_consents(connection, delivery.consents, met.members, terms),
        lots_new=len(lots),
        points=await _give_points(connection, lots, met, run.import_id, terms, actor=actor),
        receipts_new=await give_receipts(connection, delivery, met, run.import_id, terms, actor=actor),
        tiers_new=await give_tiers(connection, delivery.tiers, met.members, run.import_id, terms.plan, now=terms.now),
        coupons_new=await give_coupons(
            session,
            [row for row in delivery.coupons if row.code not in met.coupons],
            met.members,
            zones_of(delivery, met, terms),
            run.import_id,
            terms.programme,
            now=terms.now,
        ),
    )
    if counts.is_nothing:
        await session.delete(run)
        await session.flush()
        return Imported(import_id=None, counts=counts)
    run.counts = {name: getattr(counts, name) for name in counts.__struct_fields__}
    await session.flush()
    return Imported(import_id=run.import_id, counts=counts)


async def _meet_locked(connection: "Connection[Record]", delivery: Delivery, terms: Terms) -> Met:
    while True:
        met, problems = await find_problems(connection, delivery, terms)
        if problems:
            raise ImportRefusedError(problems)
        locked = await lock_members(connection, met.members.values())
        if not any(account.status in _GONE for account in locked.values()):
            return met
        # One was merged or erased between the look-up and the lock: look again.


async def _give_points(
    connection: "Connection[Record]", lots: Sequence[LotRow], met: Met, import_id: int, terms: Terms, *, actor: str
) -> dict[str, int]:
    """Post the lots, the oldest of a member first, and register them; answers points by wallet."""
    by_member: dict[int, list[LotRow]] = defaultdict(list)
    points: dict[str, int] = defaultdict(int)
    for lot in sorted(lots, key=lambda lot: (lot.earned_on, lot.line)):
        by_member[met.members[lot.external_id]].append(lot)
        points[lot.wallet] += lot.points
    act = Act(Cause("import", import_id), actor, terms.now, terms.now)
    for member_ids in chunks(sorted(by_member), MEMBERS_AT_ONCE):
        accounts = await lock_accounts(connection, member_ids, now=terms.now, with_lots=member_ids)
        registered = []
        for member_id, account in accounts.items():
            apply_due(account, terms.now)
            for row, lot_no in _post(account, by_member[member_id], act):
                registered.append((terms.source, row.lot_key, import_id, member_id, lot_no, digest_of(row)))
        await write_accounts(connection, list(accounts.values()))
        await _LOTS.write(connection, registered)
    return dict(points)


def _post(account: Account, rows: Sequence[LotRow], act: Act) -> Iterator[tuple[LotRow, int]]:
    lots = migrate_in(account, [_grant(row, account.zone) for row in rows], act)
    return ((row, lot.lot_no) for row, lot in zip(rows, lots, strict=True))


def _grant(row: LotRow, zone: str) -> Grant:
    lives = NEVER if row.expires_on is None else ExpiryPolicy(kind="on_date", last_day=row.expires_on)
    return Grant(row.wallet, row.points, local_day_starts(row.available_on or row.earned_on, zone), lives)
