"""A member as staff see them: with personal data in clear for those who may, masked for everybody else."""

from datetime import date, datetime

from msgspec import Struct
from msgspec.structs import asdict

from api.callers import StaffCaller
from api.consents import ConsentView, view_consents
from api.programmes import tiers_in_force
from api.security.permissions import Permission, has_permission
from api.services import Services
from kernel.database import ReadSession
from loyalty.masks import masked, masked_name
from loyalty.members.detaching import identity_id
from loyalty.members.ids import member_public_id
from loyalty.members.profile import read_profile
from loyalty.members.survivors import surviving_member
from loyalty.models import Member
from loyalty.tiers.looking import with_current_tier


class MemberSummary(Struct, frozen=True, kw_only=True):
    """A member without personal data."""

    member_id: str
    status: str
    """``active``, ``blocked``, ``merged`` or ``erased``."""
    earning_frozen: bool
    spending_frozen: bool
    merged_into: str | None
    tier: str | None
    language: str
    zone: str
    home_store_id: str | None
    enrolled_at: datetime


class MemberPage(Struct, frozen=True, kw_only=True):
    """The latest enrolled first. ``next`` is the cursor of the next page; null on the last."""

    members: list[MemberSummary]
    next: str | None


class MemberIdentity(Struct, frozen=True, kw_only=True):
    """One of a member's identities."""

    identity_id: str
    """Names it without telling it, for removing it."""
    kind: str
    """``phone``, ``email``, ``card`` or ``external:<system>``."""
    value: str
    """In clear, or with all but its ends hidden."""
    verified: bool


class MemberView(MemberSummary, frozen=True, kw_only=True):
    """A member with personal data, as far as the caller may see it."""

    personal_data: str
    """``clear`` or ``masked``."""
    name: str | None
    birthday: date | None
    """Null when masked."""
    updated_at: datetime
    """When language, zone, name, birthday or a consent were last changed."""
    identities: list[MemberIdentity]
    consents: list[ConsentView]
    """The last answer to each purpose and channel."""


def summarise_member(member: Member) -> MemberSummary:
    return MemberSummary(
        member_id=member_public_id(member.member_id),
        status=member.status,
        earning_frozen=member.earning_frozen,
        spending_frozen=member.spending_frozen,
        merged_into=None if member.merged_into is None else member_public_id(member.merged_into),
        tier=member.tier,
        language=member.language,
        zone=member.zone,
        home_store_id=member.home_store_id,
        enrolled_at=member.enrolled_at,
    )


async def view_member(session: ReadSession, services: Services, caller: StaffCaller, member_id: int) -> MemberView:
    """The surviving member. Raises ``MemberNotFoundError``."""
    member = await surviving_member(session, member_id)
    profile = await read_profile(session, member.member_id)
    profile = await with_current_tier(session, profile, tiers_in_force(services), now=services.clock())
    in_clear = has_permission(caller, Permission.MEMBERS_PERSONAL)
    return MemberView(
        **asdict(summarise_member(member)) | {"tier": profile.tier},
        personal_data="clear" if in_clear else "masked",
        name=profile.name if in_clear else masked_name(profile.name),
        birthday=profile.birthday if in_clear else None,
        identities=[
            MemberIdentity(
                identity_id=identity_id(own.known_by, lookup_key=services.lookup_key),
                kind=own.known_by.kind,
                value=own.known_by.value if in_clear else masked(own.known_by),
                verified=own.verified_at is not None,
            )
            for own in profile.identities
        ],
        updated_at=profile.updated_at,
        consents=view_consents(profile.consents),
    )
