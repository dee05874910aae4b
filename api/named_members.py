"""The member whom another system names in what it tells."""

from datetime import datetime

from msgspec import Struct

from api import fields
from api.services import Services
from kernel.database import ReadSession
from loyalty.members.finding import MemberLookup, find_member
from loyalty.members.ids import member_id_of


class NamedMember(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who it is: by id, or by what the member is known by; of several the first that leads to a member."""

    id: fields.MemberId | None = None
    card: fields.Card | None = None
    phone: fields.Phone | None = None
    email: fields.Email | None = None
    external_system: fields.ExternalSystem | None = None
    external_id: fields.ExternalId | None = None


async def number_of(session: ReadSession, services: Services, named: NamedMember, *, at: datetime) -> int:
    """The member's number. Raises ``MemberNotFoundError``, ``NoIdentityError`` and ``InvalidIdentityError``."""
    if named.id is not None:
        return member_id_of(named.id)
    lookup = MemberLookup(
        card=named.card,
        phone=named.phone,
        email=named.email,
        external_system=named.external_system,
        external_id=named.external_id,
    )
    found = await find_member(
        session, lookup, lookup_key=services.lookup_key, phone_region=services.settings.phone_region, at=at
    )
    return found.member.member_id
