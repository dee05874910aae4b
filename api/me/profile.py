"""The member's own profile."""

from datetime import date, datetime
from typing import Any

from litestar import Controller, Request, Response, delete, get, patch
from litestar.params import JSONBody
from msgspec import UNSET, Struct, UnsetType

from api import fields
from api.callers import MemberCaller
from api.consents import ConsentAnswers, ConsentView, consents_given, view_consents
from api.dependencies import Member, ServicesOf
from api.documented import NOT_MODIFIED, refusals, write_refusals
from api.etags import conditional
from api.programmes import tiers_in_force
from api.rate_limits import Limit, limited
from api.services import Services
from kernel.database import ReadSession, driver
from loyalty.access.sessions import end_session
from loyalty.members.family import family_of
from loyalty.members.ids import member_public_id
from loyalty.members.profile import Profile, ProfileChanges, change_profile, read_profile
from loyalty.tiers.looking import with_current_tier

CHANGES = Limit("profile_changes", 120, 3_600)


class IdentityView(Struct, frozen=True, kw_only=True):
    """One of the member's identities, in clear: it is theirs."""

    kind: str
    """``phone``, ``email``, ``card`` or ``external:<system>``."""
    value: str
    verified: bool


class ProfileView(Struct, frozen=True, kw_only=True):
    """The member as the member sees it."""

    member_id: str
    status: str
    """``active`` or ``blocked``."""
    name: str | None
    birthday: date | None
    language: str
    zone: str
    tier: str | None
    enrolled_at: datetime
    updated_at: datetime
    """When the member, or staff for them, last changed something here."""
    identities: list[IdentityView]
    consents: list[ConsentView]
    """The last answer to each purpose and channel."""


class ProfilePatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays as it is; ``null`` removes a name or a birthday."""

    language: fields.Language | UnsetType = UNSET
    zone: fields.Zone | UnsetType = UNSET
    name: fields.PersonName | UnsetType | None = UNSET
    birthday: fields.Birthday | UnsetType | None = UNSET
    consents: ConsentAnswers = []
    """New answers. What was said before of the same purpose and channel is kept and counts no more."""


class MyProfile(Controller):
    """The signed-in member."""

    path = "/v1/me"
    tags = ("Member",)

    @get(
        operation_id="getMyProfile",
        summary="Own profile",
        responses=NOT_MODIFIED | refusals(401, 404),
    )
    async def read(
        self, request: Request[Any, Any, Any], caller: Member, services: ServicesOf
    ) -> Response[ProfileView]:
        async with services.database.read() as session:
            profile = await _profile(session, caller, services)
        return conditional(request, view_profile(profile))

    @patch(
        operation_id="changeMyProfile",
        summary="Change language, zone, name, birthday or consents",
        guards=[limited(CHANGES)],
        responses=write_refusals(401, 404, 422, 429),
    )
    async def change(self, data: JSONBody[ProfilePatch], caller: Member, services: ServicesOf) -> ProfileView:
        changes = profile_changes(data, source=caller.actor)
        async with services.database.write() as session:
            await change_profile(session, caller.member_id, changes, now=services.clock())
            await session.commit()
            profile = await _profile(session, caller, services)
        return view_profile(profile)

    @delete(
        "/sessions/current",
        operation_id="endMySession",
        summary="Sign this phone out",
        description="Its refresh token and its access token are refused from now on.",
        responses=refusals(401, 409),
    )
    async def sign_out(self, caller: Member, services: ServicesOf) -> None:
        async with services.database.write() as session:
            family = await family_of(await driver(session), caller.member_id)
            await end_session(session, family, caller.session_id, because="signed_out", now=services.clock())
            await session.commit()


async def _profile(session: ReadSession, caller: MemberCaller, services: Services) -> Profile:
    profile = await read_profile(session, caller.member_id)
    return await with_current_tier(session, profile, tiers_in_force(services), now=services.clock())


def profile_changes(patch: ProfilePatch, *, source: str) -> ProfileChanges:
    """What is to be changed; ``source`` is who asked for the consents."""
    return ProfileChanges(
        language=patch.language,
        zone=patch.zone,
        name=patch.name,
        birthday=patch.birthday,
        consents=consents_given(patch.consents, source),
    )


def view_profile(profile: Profile) -> ProfileView:
    """The profile in clear, for its owner."""
    return ProfileView(
        member_id=member_public_id(profile.member_id),
        status=profile.status,
        name=profile.name,
        birthday=profile.birthday,
        language=profile.language,
        zone=profile.zone,
        tier=profile.tier,
        enrolled_at=profile.enrolled_at,
        updated_at=profile.updated_at,
        identities=[
            IdentityView(kind=own.known_by.kind, value=own.known_by.value, verified=own.verified_at is not None)
            for own in profile.identities
        ],
        consents=view_consents(profile.consents),
    )
