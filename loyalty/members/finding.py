"""Who is standing at the till: by rotating code, card, phone, e-mail or external id, in this order."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, or_, select

from kernel.database import ReadSession, WriteSession
from kernel.errors import DomainError
from loyalty import identities
from loyalty.identities import KnownBy, LookupKey
from loyalty.members.ids import MemberNotFoundError
from loyalty.members.qr import QrNotAcceptedError, ScannedCode, matching_step, read_barcode, read_qr_text
from loyalty.members.registration import NoIdentityError, holder_of
from loyalty.members.survivors import surviving_member
from loyalty.models import Member, Person, QrUse


class MemberLookup(Struct, frozen=True, kw_only=True):
    """What the till knows of the customer, as it was scanned or typed. Several are tried in order of priority."""

    qr: str | None = None
    barcode: str | None = None
    card: str | None = None
    phone: str | None = None
    email: str | None = None
    external_system: str | None = None
    external_id: str | None = None


class FoundMember(Struct, frozen=True, kw_only=True):
    """The surviving member and what led to them."""

    member: Member
    identified_by: str
    """``qr``, ``barcode``, ``card``, ``phone``, ``email`` or ``external:<system>``."""
    code_owner_id: int | None = None
    """Whose rotating code it was, before any merge."""
    code_step: int | None = None
    """For a rotating code: its step, to be used up by ``use_rotating_code``."""


async def find_member(
    session: ReadSession, lookup: MemberLookup, *, lookup_key: LookupKey, phone_region: str | None, at: datetime
) -> FoundMember:
    """The first member that one of the lookup's values leads to. ``at`` is when a rotating code was shown.

    For a code that a till stored while offline ``at`` is the sale's ``occurred_at``; it then tells who bought, and must
    not prove presence for spending. Raises the refusal of the value of highest priority when none leads to anybody.
    """
    refusal: DomainError | None = None
    for kind in ("qr", "barcode", "card", "phone", "email", "external"):
        try:
            found = await _find_by(session, kind, lookup, lookup_key=lookup_key, phone_region=phone_region, at=at)
        except DomainError as error:
            refusal = refusal or error
            continue
        if found is not None:
            return found
    raise refusal or NoIdentityError()


async def use_rotating_code(session: WriteSession, found: FoundMember, *, terminal_id: str, now: datetime) -> bool:
    """Take the code as proof of presence, once. False when it, or a later one, was taken before.

    The till that took it may send it again: its first answer may have been lost. PostgreSQL remembers, not a cache, so
    that no restart makes an old picture good again.
    """
    if found.code_step is None or found.code_owner_id is None:
        return False
    statement = insert(QrUse).values(
        member_id=found.code_owner_id, step=found.code_step, terminal_id=terminal_id, used_at=now
    )
    same_till_again = (col(QrUse.step) == statement.excluded.step) & (
        col(QrUse.terminal_id) == statement.excluded.terminal_id
    )
    taken = await session.exec(
        statement.on_conflict_do_update(
            index_elements=["member_id"],
            set_={
                "step": statement.excluded.step,
                "terminal_id": statement.excluded.terminal_id,
                "used_at": statement.excluded.used_at,
            },
            where=or_(col(QrUse.step) < statement.excluded.step, same_till_again),
        ).returning(col(QrUse.member_id))
    )
    return taken.scalar_one_or_none() is not None


async def _find_by(
    session: ReadSession,
    kind: str,
    lookup: MemberLookup,
    *,
    lookup_key: LookupKey,
    phone_region: str | None,
    at: datetime,
) -> FoundMember | None:
    if kind == "qr":
        return await _find_by_code(session, kind, read_qr_text(lookup.qr), at=at) if lookup.qr else None
    if kind == "barcode":
        return await _find_by_code(session, kind, read_barcode(lookup.barcode), at=at) if lookup.barcode else None
    known_by = _known_by(kind, lookup, phone_region)
    if known_by is None:
        return None
    member = await holder_of(session, known_by, lookup_key=lookup_key)
    if member is None:
        raise MemberNotFoundError
    return FoundMember(member=member, identified_by=known_by.kind)


async def _find_by_code(session: ReadSession, kind: str, scanned: ScannedCode, *, at: datetime) -> FoundMember:
    owner_id = scanned.member_id
    secret = (await session.exec(select(Person.qr_secret).where(col(Person.member_id) == owner_id))).one_or_none()
    step = matching_step(secret, scanned.totp, at=at) if secret else None
    if step is None:
        raise QrNotAcceptedError
    try:
        member = await surviving_member(session, owner_id)
    except MemberNotFoundError:
        raise QrNotAcceptedError from None
    return FoundMember(member=member, identified_by=kind, code_owner_id=owner_id, code_step=step)


def _known_by(kind: str, lookup: MemberLookup, phone_region: str | None) -> KnownBy | None:
    if kind == "card" and lookup.card:
        return identities.card(lookup.card)
    if kind == "phone" and lookup.phone:
        return identities.phone(lookup.phone, region=phone_region)
    if kind == "email" and lookup.email:
        return identities.email(lookup.email)
    if kind == "external" and lookup.external_system and lookup.external_id:
        return identities.external(lookup.external_system, lookup.external_id)
    return None
