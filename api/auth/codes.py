"""Asking for a one-time code."""

from datetime import datetime

from litestar import Controller, post
from litestar.params import JSONBody
from msgspec import Struct

from api import fields
from api.addresses import one_address
from api.dependencies import ServicesOf
from api.documented import write_refusals
from api.rate_limits import Limit, limited
from loyalty.access.codes import CodeScope, issue_code
from loyalty.identities import KnownBy
from notifications.messages import send_code

CODES = Limit("codes", 20, 3_600)


class CodeRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Either a phone or an e-mail, and the language to write to it."""

    phone: fields.Phone | None = None
    email: fields.Email | None = None
    language: fields.Language = "en"


class CodeSent(Struct, frozen=True, kw_only=True):
    """The same for every address, whether or not a member has it."""

    code_id: fields.CodeId
    expires_at: datetime


class AuthCodes(Controller):
    """One-time codes for signing in."""

    path = "/v1/auth/codes"
    tags = ("Sign-in of members",)
    opt = {"public": True}  # noqa: RUF012 - Litestar declares it as an instance's

    @post(
        operation_id="createSignInCode",
        summary="Send a one-time code",
        description="To a phone or an e-mail. Six digits, ten minutes, five tries, five codes an hour.",
        status_code=202,
        guards=[limited(CODES)],
        responses=write_refusals(422, 429),
    )
    async def create(self, data: JSONBody[CodeRequest], services: ServicesOf) -> CodeSent:
        address = one_address(data.phone, data.email, region=services.settings.phone_region)
        scope = CodeScope(purpose="sign_in", known_by=address)
        return await send(services, scope, member_id=None, language=data.language)


async def send(services: ServicesOf, scope: CodeScope, *, member_id: int | None, language: str) -> CodeSent:
    """Make a code and queue its message, in one transaction."""
    now = services.clock()
    address: KnownBy = scope.known_by
    async with services.database.write() as session:
        issued = await issue_code(session, scope, lookup_key=services.lookup_key, now=now)
        await send_code(
            session,
            member_id=member_id,
            kind=address.kind,
            address=address.value,
            code=issued.code,
            language=language,
            now=now,
        )
        await session.commit()
    return CodeSent(code_id=issued.code_id, expires_at=issued.expires_at)
