"""Seals: the proof that a member's journal is still what was written.

A seal hashes the entries since the seal before it, and that seal's digest: whoever edits, removes or inserts an entry
by hand would have to forge every later seal too, in a table that the application can only append to.

**The form.** digest = SHA-256(P + E1 + E2 + ...), where P is the digest of the member's seal before (32 zero bytes for
the first one) and each E is one entry, by ascending ``entry_no``: a JSON array in UTF-8 without spaces, then a line
feed. Its members are, in this order: member_id, entry_no, wallet, debit, credit, amount, kind, cause_kind, cause_no,
actor, occurred_at, recorded_at, balance_after, reason. The two instants are whole microseconds since 1970-01-01T00:00Z.
"""

import hashlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from kernel.database import ReadSession, RowWriter, WriteSession, driver, try_exclusive
from loyalty.models import LedgerSeal

if TYPE_CHECKING:
    from asyncpg import Record

    Entry: TypeAlias = Record | dict[str, Any]

FIRST_LINK: Final = bytes(32)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_FIELDS: Final = (
    *("member_id", "entry_no", "wallet", "debit", "credit", "amount", "kind", "cause_kind", "cause_no", "actor"),
    *("occurred_at", "recorded_at", "balance_after", "reason"),
)
_SEALS: Final = RowWriter(LedgerSeal, "member_id", "entry_no", "digest", "sealed_at")
_MEMBERS_AT_ONCE: Final = 1_000
_ENTRIES_AT_ONCE: Final = 20_000


@dataclass(frozen=True, kw_only=True)
class SealedMembers:
    """``handled`` members were sealed. ``last_member_id`` is where the next call goes on; None: nobody is left."""

    handled: int
    last_member_id: int | None


@dataclass(frozen=True, kw_only=True)
class BrokenSeal:
    """A seal that its entries do not give. ``entry_no`` is the last entry it covers: the edit is there or before."""

    member_id: int
    entry_no: int


def digest_of(previous: bytes, entries: "Iterable[Entry]") -> bytes:
    """The digest of a seal over ``entries`` (journal rows, ascending) after one whose digest is ``previous``."""
    hashed = hashlib.sha256(previous)
    for entry in entries:
        hashed.update(_line(entry))
    return hashed.digest()


def _line(entry: "Entry") -> bytes:
    return msgspec.json.encode([_plain(entry[field]) for field in _FIELDS]) + b"\n"


def _plain(value: object) -> object:
    return (value - _EPOCH) // _MICROSECOND if isinstance(value, datetime) else value


async def seal_members(session: WriteSession, *, now: datetime, limit: int, after: int = 0) -> SealedMembers:
    """Seal what is unsealed of the next ``limit`` members whose id is above ``after``, 20,000 entries at most.

    One caller at a time: while another transaction seals, nothing is done and the walk ends.
    """
    if not await try_exclusive(session, "ledger/seals"):
        return SealedMembers(handled=0, last_member_id=None)
    connection = await driver(session)
    members = await connection.fetch(_UNSEALED, after, limit)
    behind = {member["member_id"]: member for member in members if member["last_entry_no"] > member["sealed_no"]}
    entries = await connection.fetch(
        _ENTRIES, list(behind), [m["sealed_no"] for m in behind.values()], _ENTRIES_AT_ONCE
    )
    seals = []
    for member_id, group in groupby(entries, key=itemgetter("member_id")):
        unsealed = list(group)
        seals.append(
            (member_id, unsealed[-1]["entry_no"], digest_of(behind[member_id]["digest"] or FIRST_LINK, unsealed), now)
        )
    await _SEALS.write(connection, seals)
    if len(entries) == _ENTRIES_AT_ONCE:
        # Cut off within a member, who is sealed that far: the next call goes on with the same one.
        return SealedMembers(handled=len(seals), last_member_id=entries[-1]["member_id"] - 1)
    return SealedMembers(handled=len(seals), last_member_id=members[-1]["member_id"] if len(members) == limit else None)


async def broken_seals(
    session: ReadSession, *, first_member: int = 1, last_member: int = 2**63 - 1
) -> AsyncIterator[BrokenSeal]:
    """Recompute every seal of these members from the journal and yield those that do not come out.

    The session's transaction is open, and REPEATABLE READ for one view of everything. Entries after a member's last
    seal are not covered. Memory does not grow with the journal.
    """
    connection = await driver(session)
    after = first_member - 1
    while seals := await connection.fetch(_SEALS_OF_NEXT, after, _MEMBERS_AT_ONCE, last_member):
        chains: dict[int, _Chain] = {}
        for seal in seals:
            chains.setdefault(seal["member_id"], _Chain()).seals.append((seal["entry_no"], seal["digest"]))
        async for entry in connection.cursor(_JOURNAL_OF, list(chains), prefetch=2_000):
            chains[entry["member_id"]].follow(entry)
        for member_id, chain in chains.items():
            chain.close_until(None)
            for entry_no in chain.broken:
                yield BrokenSeal(member_id=member_id, entry_no=entry_no)
        after = max(chains)


class _Chain:
    """One member's seals, checked while the entries go by."""

    def __init__(self) -> None:
        self.seals: list[tuple[int, bytes]] = []
        self.broken: list[int] = []
        self._closed = 0
        self._hash = hashlib.sha256(FIRST_LINK)

    def follow(self, entry: "Entry") -> None:
        self.close_until(entry["entry_no"])
        self._hash.update(_line(entry))

    def close_until(self, entry_no: int | None) -> None:
        """Compare the seals that end before ``entry_no``; all that are left for None."""
        while self._closed < len(self.seals) and (entry_no is None or self.seals[self._closed][0] < entry_no):
            sealed_no, digest = self.seals[self._closed]
            if self._hash.digest() != digest:
                self.broken.append(sealed_no)
            self._closed += 1
            # The next link hangs on the digest that is stored, so that one edit breaks one seal and not all after it.
            self._hash = hashlib.sha256(digest)


_UNSEALED = """
SELECT m.member_id, m.last_entry_no, coalesce(s.entry_no, 0) AS sealed_no, s.digest
FROM (SELECT member_id, last_entry_no FROM member WHERE member_id > $1 ORDER BY member_id LIMIT $2) AS m
LEFT JOIN LATERAL (
    SELECT entry_no, digest FROM ledger_seal WHERE member_id = m.member_id ORDER BY entry_no DESC LIMIT 1
) AS s ON true
ORDER BY m.member_id
"""
_ENTRIES = """
SELECT j.* FROM unnest($1::bigint[], $2::bigint[]) AS m (member_id, sealed_no)
JOIN journal AS j ON j.member_id = m.member_id AND j.entry_no > m.sealed_no
ORDER BY j.member_id, j.entry_no
LIMIT $3
"""
_SEALS_OF_NEXT = """
SELECT s.* FROM (
    SELECT DISTINCT member_id FROM ledger_seal WHERE member_id > $1 AND member_id <= $3 ORDER BY member_id LIMIT $2
) AS m JOIN ledger_seal AS s USING (member_id)
ORDER BY s.member_id, s.entry_no
"""
_JOURNAL_OF = "SELECT * FROM journal WHERE member_id = ANY($1::bigint[]) ORDER BY member_id, entry_no"
