"""Members of the chain. Nobody of them exists; their phone numbers are of a range that nobody has."""

from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from kernel.database import ReadSession, WriteSession
from loyalty import identities
from loyalty.identities import LookupKey
from loyalty.members.consents import ConsentGiven
from loyalty.members.registration import Newcomer, holder_of, register_member
from loyalty.tiers.granting import grant_tier
from loyalty.tiers.plan import TierPlan

ACTOR: Final = "job:demo"
_GRANTED_FOR: Final = timedelta(days=180)


class Guest(NamedTuple):
    """A member; one without a name carries a card that nobody has registered."""

    card: str
    name: str | None = None
    phone: str | None = None
    language: str = "ru"
    zone: str = "Europe/Moscow"
    store_id: str = "arbat"
    granted: bool = False
    """The highest tier was given by hand, since it was earned where nobody counted."""
    birthday: date | None = None


ANNA: Final = Guest("290000000018", "Anna Kovaleva", "+79990000001", birthday=date(1990, 5, 17))
GUESTS: Final = (
    ANNA,
    Guest("290000000025", "Boris Belov", "+79990000002", birthday=date(1984, 2, 29)),
    Guest("290000000032", "Carla Rossi", "+79990000003", language="en", granted=True, birthday=date(1979, 11, 3)),
    Guest("290000000049", "Дмитрий Орлов", "+79990000004", store_id="nevsky"),
    Guest("290000000056", "Елена Ким", "+79990000005", zone="Asia/Novosibirsk", store_id="lenina"),
    Guest("290000000063"),
)


async def enrol_guests(
    session: WriteSession, *, lookup_key: LookupKey, tiers: TierPlan, now: datetime
) -> dict[str, int]:
    """Register the members; answers card -> member."""
    numbers = {}
    for guest in GUESTS:
        known_by = [identities.card(guest.card)]
        if guest.phone is not None:
            known_by.append(identities.phone(guest.phone, region=None))
        newcomer = Newcomer(
            identities=tuple(known_by),
            language=guest.language,
            zone=guest.zone,
            name=guest.name,
            birthday=guest.birthday,
            home_store_id=guest.store_id,
            consents=(_consent(guest),) if guest.name else (),
        )
        member_id = (await register_member(session, newcomer, lookup_key=lookup_key, now=now)).member_id
        if guest.granted:
            await grant_tier(
                session,
                member_id,
                tier=tiers.tiers[-1].code,
                last_day=now.date() + _GRANTED_FOR,
                reason="moved_in",
                by=ACTOR,
                plan=tiers,
                now=now,
            )
        numbers[guest.card] = member_id
    return numbers


async def somebody(session: ReadSession, *, lookup_key: LookupKey) -> Guest:
    """A member to try things on: the first with a phone who has not been erased meanwhile."""
    for guest in GUESTS:
        if guest.phone and await holder_of(session, identities.card(guest.card), lookup_key=lookup_key):
            return guest
    return ANNA


def _consent(guest: Guest) -> ConsentGiven:
    return ConsentGiven(
        purpose="marketing", channel="sms", granted=True, source=f"store:{guest.store_id}", text_version="2026-01"
    )
