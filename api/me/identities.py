"""Attaching a card, a phone or an e-mail to oneself."""

from datetime import datetime

from litestar import Controller, Response, post
from litestar.params import JSONBody
from msgspec import Struct

from api import fields
from api.addresses import OneAddressError, one_address
from api.auth.codes import CodeSent, queue_code
from api.dependencies import Member, ServicesOf
from api.documented import accepted, write_refusals
from api.idempotency import OptionalIdempotencyKey, answer_once, canonical_body, veiled
from api.rate_limits import Limit, limited
from kernel.database import WriteSession
from loyalty import identities
from loyalty.access.codes import CodeNotAcceptedError, CodeScope, try_code
from loyalty.members.attaching import attach_identity

ATTACHING = Limit("attaching", 20, 3_600)


class AddressToProve(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Either a phone or an e-mail."""

    phone: fields.Phone | None = None
    email: fields.Email | None = None
    language: fields.Language = "en"


class IdentityToAttach(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A card by its number; a phone or an e-mail with the code that was sent there."""

    card: fields.Card | None = None
    phone: fields.Phone | None = None
    email: fields.Email | None = None
    code_id: fields.CodeId | None = None
    code: fields.OneTimeCodeDigits | None = None


class IdentityAttached(Struct, frozen=True, kw_only=True):
    """The identity in its normal form."""

    kind: str
    value: str
    attached: bool
    """False when the member had it already."""


class MyIdentities(Controller):
    """What the signed-in member is known by."""

    path = "/v1/me"
    tags = ("Member",)
    guards = (limited(ATTACHING),)

    @post(
        "/codes",
        operation_id="createMyAddressCode",
        summary="Send a code to a phone or an e-mail that is to be attached",
        status_code=202,
        responses=accepted(CodeSent) | write_refusals(401, 422, 429),
    )
    async def create_code(
        self,
        data: JSONBody[AddressToProve],
        caller: Member,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Response[bytes]:
        address = one_address(data.phone, data.email, region=services.settings.phone_region)
        scope = CodeScope(purpose="attach", known_by=address, member_id=caller.member_id)

        async def act(session: WriteSession, now: datetime) -> CodeSent:
            return await queue_code(
                session, services, scope, member_id=caller.member_id, language=data.language, now=now
            )

        kept = {"address": veiled(services, address.value), "language": data.language}
        body = canonical_body("createMyAddressCode", kept)
        return await answer_once(services, caller, idempotency_key, body, act, status=202)

    @post(
        "/identities",
        operation_id="attachMyIdentity",
        summary="Attach an existing card, or a phone or an e-mail with its code",
        responses=write_refusals(401, 403, 422, 429),
    )
    async def attach(self, data: JSONBody[IdentityToAttach], caller: Member, services: ServicesOf) -> IdentityAttached:
        now, key = services.clock(), services.lookup_key
        if data.card is not None:
            if data.phone is not None or data.email is not None:
                raise OneAddressError
            known_by = identities.card(data.card)
        else:
            known_by = one_address(data.phone, data.email, region=services.settings.phone_region)
        async with services.database.write() as session:
            if data.card is None:
                scope = CodeScope(purpose="attach", known_by=known_by, member_id=caller.member_id)
                if data.code_id is None or data.code is None:
                    raise CodeNotAcceptedError
                refusal = await try_code(session, data.code_id, data.code, scope, lookup_key=key, now=now)
                if refusal is not None:
                    await session.commit()
                    raise refusal
            attached = await attach_identity(
                session, caller.member_id, known_by, verified=data.card is None, lookup_key=key, now=now
            )
            await session.commit()
        return IdentityAttached(kind=known_by.kind, value=known_by.value, attached=attached)
