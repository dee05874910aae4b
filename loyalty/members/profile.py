"""What a member's profile says, and what its owner, or staff for them, may change in it."""

import re
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import UNSET, Struct, UnsetType
from sqlmodel import col, select

from kernel.database import ReadSession, WriteSession, driver
from kernel.errors import UnprocessableError
from loyalty.identities import KnownBy
from loyalty.members.consents import ConsentGiven, record_consents, standing_consents
from loyalty.members.ids import MemberNotFoundError
from loyalty.members.survivors import lock_surviving_member, surviving_member
from loyalty.models import Consent, Member, Person, PersonIdentity
from loyalty.tiers.marking import mark_standing

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}\Z", re.ASCII)
_FIRST_BIRTHDAY: Final = date(1900, 1, 1)
_LONGEST_NAME: Final = 200


class InvalidProfileError(UnprocessableError):
    """``field`` has a value that it cannot have."""

    code = "invalid_profile"
    title = "A field of the profile has a value that it cannot have."


class OwnIdentity(Struct, frozen=True):
    """One of a member's identities, with the instant of its proof."""

    known_by: KnownBy
    verified_at: datetime | None


class Profile(Struct, frozen=True, kw_only=True):
    """A member as the member may see it. Personal data: masked for anybody else."""

    member_id: int
    status: str
    name: str | None
    birthday: date | None
    language: str
    zone: str
    tier: str | None
    enrolled_at: datetime
    updated_at: datetime
    """When language, zone, name, birthday or a consent were last changed."""
    identities: tuple[OwnIdentity, ...]
    consents: tuple[Consent, ...]
    """The last answer to each purpose and channel."""


class ProfileChanges(Struct, frozen=True, kw_only=True):
    """What is to be changed. What is left out stays; ``None`` removes a name or a birthday."""

    language: str | UnsetType = UNSET
    zone: str | UnsetType = UNSET
    name: str | UnsetType | None = UNSET
    birthday: date | UnsetType | None = UNSET
    consents: tuple[ConsentGiven, ...] = ()
    """New answers; those not named stand."""


class ProfileChange(Struct, frozen=True):
    """What has another value now. Personal data, by the profile's field names."""

    before: dict[str, object]
    after: dict[str, object]


async def read_profile(session: ReadSession, member_id: int) -> Profile:
    """The profile of the surviving member. Raises ``MemberNotFoundError``."""
    member = await surviving_member(session, member_id)
    person = (await session.exec(select(Person).where(col(Person.member_id) == member.member_id))).one_or_none()
    identities = await session.exec(
        select(PersonIdentity)
        .where(col(PersonIdentity.member_id) == member.member_id)
        .order_by(col(PersonIdentity.kind), col(PersonIdentity.created_at), col(PersonIdentity.value))
    )
    return Profile(
        member_id=member.member_id,
        status=member.status,
        name=person.name if person else None,
        birthday=person.birthday if person else None,
        language=member.language,
        zone=member.zone,
        tier=member.tier,
        enrolled_at=member.enrolled_at,
        updated_at=person.updated_at if person else member.enrolled_at,
        identities=tuple(OwnIdentity(KnownBy(row.kind, row.value), row.verified_at) for row in identities),
        consents=tuple(await standing_consents(session, member.member_id)),
    )


async def change_profile(
    session: WriteSession, member_id: int, changes: ProfileChanges, *, now: datetime
) -> ProfileChange:
    """Apply ``changes`` to the surviving member, and answer what they changed.

    Raises ``MemberNotFoundError``; ``InvalidProfileError`` and ``ConsentRepeatedError``, and changes nothing, when one
    of them cannot be.
    """
    member = await lock_surviving_member(session, member_id)
    person = await session.get(Person, member.member_id)
    if person is None:
        raise MemberNotFoundError
    stood = await standing_consents(session, member.member_id)
    before = _values(member, person)
    if changes.language is not UNSET:
        member.language = checked_language(changes.language)
    if changes.zone is not UNSET:
        member.zone = checked_zone(changes.zone)
    if changes.name is not UNSET:
        person.name = checked_name(changes.name)
    if changes.birthday is not UNSET:
        person.birthday = checked_birthday(changes.birthday, now=now)
    after = _values(member, person)
    if given := await record_consents(session, member.member_id, changes.consents, now=now):
        renewed = {(consent.purpose, consent.channel) for consent in given}
        before["consents"] = [_answer(old) for old in stood if (old.purpose, old.channel) in renewed]
        after["consents"] = [_answer(consent) for consent in given]
    changed = [name for name in after if after[name] != before[name]]
    if changed:
        person.updated_at = now
        session.add_all((member, person))
        await session.flush()
    if "zone" in changed:
        await mark_standing(await driver(session), member.member_id, "zone", now=now)
    return ProfileChange({name: before[name] for name in changed}, {name: after[name] for name in changed})


def _values(member: Member, person: Person) -> dict[str, object]:
    return {"language": member.language, "zone": member.zone, "name": person.name, "birthday": person.birthday}


def _answer(consent: Consent | ConsentGiven) -> dict[str, object]:
    return {
        "purpose": consent.purpose,
        "channel": consent.channel,
        "granted": consent.granted,
        "text_version": consent.text_version,
    }


def checked_language(language: str) -> str:
    """A language tag such as ``ru`` or ``pt-BR`` (BCP 47)."""
    if not _LANGUAGE.match(language):
        raise InvalidProfileError("A language is written as in ru or pt-BR.", field="language")
    return language


def checked_zone(zone: str) -> str:
    """A name of the IANA time zone database.

    Names in small letters (``localtime``, ``right/UTC``) are files of one machine: another, or PostgreSQL, may not know
    them or tell another time by them.
    """
    try:
        if not zone[:1].isupper():
            raise ValueError
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidProfileError("A zone is a name such as Europe/Berlin.", field="zone") from None
    return zone


def checked_name(name: str | None) -> str | None:
    """One line without control characters; blank is none."""
    trimmed = " ".join((name or "").split())
    if len(trimmed) > _LONGEST_NAME or not trimmed.isprintable():
        raise InvalidProfileError("A name is one printable line of at most 200 characters.", field="name")
    return trimmed or None


def checked_birthday(birthday: date | None, *, now: datetime) -> date | None:
    """Not before 1900 and not after today."""
    if birthday is not None and not _FIRST_BIRTHDAY <= birthday <= now.date():
        raise InvalidProfileError("A birthday lies between 1900 and today.", field="birthday")
    return birthday
