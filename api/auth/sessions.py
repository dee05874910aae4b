"""Signing in with a code, and staying signed in."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Controller, Request, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from api import fields
from api.addresses import one_address
from api.dependencies import ServicesOf
from api.documented import write_refusals
from api.rate_limits import Limit, address_of, limited
from api.security.access import issue_member_access
from api.services import Services
from kernel.errors import DomainError
from loyalty.access.codes import CodeScope, try_code
from loyalty.access.sessions import LiveSession, open_session, rotate
from loyalty.members.attaching import attach_identity
from loyalty.members.ids import member_public_id
from loyalty.members.registration import Newcomer, register_member
from loyalty.review.traces import note_traces, traces_of

SIGN_INS = Limit("sign_ins", 60, 600)


class SignIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The code, the address it was sent to, and what to assume of somebody new."""

    code_id: fields.CodeId
    code: fields.OneTimeCodeDigits
    phone: fields.Phone | None = None
    email: fields.Email | None = None
    language: fields.Language = "en"
    zone: fields.Zone = "UTC"
    device_id: fields.DeviceId | None = None
    """An id that the app made up for this phone. It is kept hashed, for review of referrals alone."""


class Refresh(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The refresh token of the last answer."""

    refresh_token: Annotated[str, Meta(min_length=1, max_length=256, examples=["cbr_2k9-1-q4.0f..."])]


class MemberTokens(Struct, frozen=True, kw_only=True):
    """An access token for a quarter of an hour and the refresh token that gets the next one, once."""

    member_id: str
    created: bool
    """Whether this sign-in made the member."""
    access_token: str
    expires_in_s: int
    refresh_token: str
    refresh_expires_at: datetime
    token_type: str = "Bearer"  # noqa: S105 - not a secret but its kind (RFC 6750)


class AuthSessions(Controller):
    """Sessions of members' phones."""

    path = "/v1/auth"
    tags = ("Sign-in of members",)
    opt = {"public": True}  # noqa: RUF012 - Litestar declares it as an instance's

    @post(
        "/sessions",
        operation_id="createMemberSession",
        summary="Sign in with a one-time code",
        description="Registers whoever is not a member yet.",
        guards=[limited(SIGN_INS)],
        responses=write_refusals(403, 404, 422, 429),
    )
    async def create(
        self, data: JSONBody[SignIn], request: Request[Any, Any, Any], services: ServicesOf
    ) -> MemberTokens:
        now = services.clock()
        address = one_address(data.phone, data.email, region=services.settings.phone_region)
        scope = CodeScope(purpose="sign_in", known_by=address)
        newcomer = Newcomer(identities=(address,), verified=(address,), language=data.language, zone=data.zone)
        key = services.lookup_key
        async with services.database.write() as session:
            refusal = await try_code(session, data.code_id, data.code, scope, lookup_key=key, now=now)
            if refusal is not None:
                await session.commit()
                raise refusal
            member = await register_member(session, newcomer, lookup_key=key, now=now)
            if not member.created:
                await attach_identity(session, member.member_id, address, verified=True, lookup_key=key, now=now)
            traces = traces_of(data.device_id, address_of(request), lookup_key=key)
            await note_traces(session, member.member_id, traces, now=now)
            live = await open_session(session, member.member_id, lookup_key=key, now=now)
            await session.commit()
        return _tokens(services, live, created=member.created, now=now)

    @post(
        "/refreshes",
        operation_id="refreshMemberSession",
        summary="Get the next pair of tokens",
        description=(
            "Each refresh token is good once. For 30 seconds the last one gets the same successor again, since the "
            "answer may have been lost; any older one ends the session."
        ),
        guards=[limited(SIGN_INS)],
        responses=write_refusals(403, 429),
    )
    async def refresh(self, data: JSONBody[Refresh], services: ServicesOf) -> MemberTokens:
        now = services.clock()
        async with services.database.write() as session:
            live = await rotate(session, data.refresh_token, lookup_key=services.lookup_key, now=now)
            await session.commit()
        if isinstance(live, DomainError):
            raise live
        return _tokens(services, live, created=False, now=now)


def _tokens(services: Services, live: LiveSession, *, created: bool, now: datetime) -> MemberTokens:
    access = issue_member_access(services.signing_keys, live.member_id, live.session_id, now=now)
    return MemberTokens(
        member_id=member_public_id(live.member_id),
        created=created,
        access_token=access.token,
        expires_in_s=access.expires_in_s,
        refresh_token=live.refresh_token,
        refresh_expires_at=live.expires_at,
    )
