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
from api.services import Services
from kernel.database import WriteSession
from loyalty.access.codes import CodeScope, issue_code
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
        now = services.clock()
        async with services.database.write() as session:
            sent = await queue_code(session, services, scope, member_id=None, language=data.language, now=now)
            await session.commit()
        return sent


async def queue_code(
    session: WriteSession,
    services: Services,
    scope: CodeScope,
    *,
    member_id: int | None,
    language: str,
    now: datetime,
) -> CodeSent:
    """A code, and its message to the address that it is for."""
    issued = await issue_code(session, scope, lookup_key=services.lookup_key, now=now)
    await send_code(
        session,
        member_id=member_id,
        kind=scope.known_by.kind,
        address=scope.known_by.value,
        code=issued.code,
        language=language,
        now=now,
    )
    return CodeSent(code_id=issued.code_id, expires_at=issued.expires_at)
