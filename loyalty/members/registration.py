"""A new member, at a till or in the app.

The member's row and the claims of its identities in their registry are one transaction. Of two registrations of the
same phone at the same moment the second waits at the registry for the first to commit, and then finds its member.
"""

from datetime import date, datetime

from msgspec import Struct
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select, tuple_

from kernel.database import ReadSession, WriteSession
from kernel.errors import ConflictError, UnprocessableError
from loyalty.identities import CARD, EMAIL, PHONE, KnownBy, LookupKey
from loyalty.members.consents import ConsentGiven, record_consents
from loyalty.members.ids import MemberNotFoundError
from loyalty.members.profile import checked_birthday, checked_language, checked_name, checked_zone
from loyalty.members.qr import new_qr_secret
from loyalty.members.survivors import surviving_member
from loyalty.models import Identity, Member, Person, PersonIdentity

_PRIORITY = (PHONE, EMAIL)


class IdentityTakenError(ConflictError):
    """The card, phone, e-mail or external id belongs to another member. ``kind`` says which was refused."""

    code = "identity_taken"
    title = "This identity belongs to another member."


class NoIdentityError(UnprocessableError):
    """A member is registered with at least one identity, or nobody would find them again."""

    code = "identity_missing"
    title = "At least one of phone, e-mail, card or external id is needed."


class Newcomer(Struct, frozen=True, kw_only=True):
    """Who is registering, and how they are known."""

    identities: tuple[KnownBy, ...]
    verified: tuple[KnownBy, ...] = ()
    """Those of ``identities`` that their owner has proved."""
    language: str
    zone: str
    name: str | None = None
    birthday: date | None = None
    home_store_id: str | None = None
    consents: tuple[ConsentGiven, ...] = ()


class Registration(Struct, frozen=True):
    """The member, and whether this call made them."""

    member_id: int
    created: bool


class _Overtaken(Exception):
    """Somebody else claimed one of the identities since we looked."""


async def register_member(
    session: WriteSession, newcomer: Newcomer, *, lookup_key: LookupKey, now: datetime
) -> Registration:
    """Register a member, or find the one who has the leading identity (phone, else e-mail, else card) already.

    An existing member is answered untouched. Raises ``IdentityTakenError`` when the leading identity is new and another
    one is somebody's, ``NoIdentityError``, ``InvalidProfileError`` and ``ConsentRepeatedError``.
    """
    if not newcomer.identities:
        raise NoIdentityError
    while True:
        known = await _holders(session, newcomer.identities, lookup_key)
        leading = min(newcomer.identities, key=_rank)
        if leading in known:
            return Registration((await surviving_member(session, known[leading])).member_id, created=False)
        if known:
            raise IdentityTakenError(kind=next(iter(known)).kind)
        try:
            # The savepoint takes back the identities that were claimed before the one that was taken.
            async with session.begin_nested():
                return Registration(await _enrol(session, newcomer, lookup_key, now=now), created=True)
        except _Overtaken:
            continue


async def holder_of(session: ReadSession, known_by: KnownBy, *, lookup_key: LookupKey) -> Member | None:
    """The member who has this identity now, following merges; None when nobody has."""
    holders = await _holders(session, (known_by,), lookup_key)
    if known_by not in holders:
        return None
    try:
        return await surviving_member(session, holders[known_by])
    except MemberNotFoundError:
        return None


async def claim_identities(
    session: WriteSession, member_id: int, identities: tuple[KnownBy, ...], *, lookup_key: LookupKey, now: datetime
) -> tuple[KnownBy, ...]:
    """Enter the identities as the member's and return those that were free.

    Claimed in one order everywhere, so that two registrations that share several identities never wait in a ring.
    """
    keyed = sorted((known_by.kind, lookup_key.digest_of(known_by), known_by) for known_by in set(identities))
    rows = [
        {"kind": kind, "value_hash": value_hash, "member_id": member_id, "created_at": now}
        for kind, value_hash, _ in keyed
    ]
    statement = insert(Identity).values(rows).on_conflict_do_nothing()
    claimed = await session.exec(statement.returning(col(Identity.kind), col(Identity.value_hash)))
    won = {(kind, value_hash) for kind, value_hash in claimed}
    return tuple(known_by for kind, value_hash, known_by in keyed if (kind, value_hash) in won)


async def _enrol(session: WriteSession, newcomer: Newcomer, lookup_key: LookupKey, *, now: datetime) -> int:
    member = Member(
        zone=checked_zone(newcomer.zone),
        language=checked_language(newcomer.language),
        home_store_id=newcomer.home_store_id,
        enrolled_at=now,
        recorded_at=now,
    )
    session.add(member)
    await session.flush()
    member_id = member.member_id
    identities = tuple(set(newcomer.identities))
    claimed = await claim_identities(session, member_id, identities, lookup_key=lookup_key, now=now)
    if len(claimed) < len(identities):
        raise _Overtaken
    session.add(
        Person(
            member_id=member_id,
            name=checked_name(newcomer.name),
            birthday=checked_birthday(newcomer.birthday, now=now),
            qr_secret=new_qr_secret(),
            updated_at=now,
        )
    )
    session.add_all(
        PersonIdentity(
            member_id=member_id,
            kind=known_by.kind,
            value=known_by.value,
            verified_at=now if known_by in newcomer.verified else None,
            created_at=now,
        )
        for known_by in identities
    )
    await session.flush()
    await record_consents(session, member_id, newcomer.consents, now=now)
    return member_id


async def _holders(session: ReadSession, identities: tuple[KnownBy, ...], lookup_key: LookupKey) -> dict[KnownBy, int]:
    by_key = {(known_by.kind, lookup_key.digest_of(known_by)): known_by for known_by in identities}
    rows = await session.exec(
        select(Identity).where(tuple_(col(Identity.kind), col(Identity.value_hash)).in_(list(by_key)))
    )
    return {by_key[row.kind, row.value_hash]: row.member_id for row in rows}


def _rank(known_by: KnownBy) -> int:
    if known_by.kind in _PRIORITY:
        return _PRIORITY.index(known_by.kind)
    return len(_PRIORITY) + (known_by.kind != CARD)
