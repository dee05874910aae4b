"""Attaching a card, a phone or an e-mail to oneself."""

from datetime import datetime

import msgspec
from litestar import Controller, post
from litestar.params import JSONBody
from msgspec import Struct

from api import fields
from api.addresses import OneAddressError, one_address
from api.auth.codes import CodeSent, queue_code
from api.dependencies import Member, ServicesOf
from api.documented import accepted, created, write_refusals
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body, settle_once, veiled
from api.problems import encode_refusal
from api.rate_limits import Limit, limited
from kernel.database import WriteSession
from loyalty import identities
from loyalty.access.codes import CodeNotAcceptedError, CodeScope, try_code
from loyalty.identities import KnownBy
from loyalty.members.attaching import attach_identity
from loyalty.members.survivors import lock_surviving_member
from loyalty.purchases.outcome import Repeated

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


class Attached(Struct, frozen=True, kw_only=True):
    """What is stored of the answer: nothing that names a person."""

    attached: bool


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
        responses=accepted(CodeSent) | write_refusals(401, 404, 422, 429),
    )
    async def create_code(
        self,
        data: JSONBody[AddressToProve],
        caller: Member,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        address = one_address(data.phone, data.email, region=services.settings.phone_region)
        scope = CodeScope(purpose="attach", known_by=address, member_id=caller.member_id)

        async def act(session: WriteSession, now: datetime) -> CodeSent:
            member = await lock_surviving_member(session, caller.member_id)
            return await queue_code(
                session, services, scope, member_id=member.member_id, language=data.language, now=now
            )

        kept = {"address": veiled(services, address.value), "language": data.language}
        body = canonical_body("createMyAddressCode", kept)
        return await answer_once(services, caller, idempotency_key, body, act, status=202)

    @post(
        "/identities",
        operation_id="attachMyIdentity",
        summary="Attach an existing card, or a phone or an e-mail with its code",
        responses=created(IdentityAttached) | write_refusals(401, 403, 404, 422, 429),
    )
    async def attach(
        self,
        data: JSONBody[IdentityToAttach],
        caller: Member,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        known_by, key = _known_by(data, services.settings.phone_region), services.lookup_key

        async def act(session: WriteSession, now: datetime) -> Attached | Repeated:
            # The member before the code: the order in which an erasure takes them.
            await lock_surviving_member(session, caller.member_id)
            if data.card is None:
                if data.code_id is None or data.code is None:
                    raise CodeNotAcceptedError
                scope = CodeScope(purpose="attach", known_by=known_by, member_id=caller.member_id)
                refusal = await try_code(session, data.code_id, data.code, scope, lookup_key=key, now=now)
                if refusal is not None:
                    # The try counts, so it is committed; the refusal is no answer for good, so it binds no key.
                    return Repeated(*encode_refusal(refusal), same_key=True)
            attached = await attach_identity(
                session, caller.member_id, known_by, verified=data.card is None, lookup_key=key, now=now
            )
            return Attached(attached=attached)

        body = canonical_body("attachMyIdentity", veiled(services, msgspec.json.encode(data).decode()))
        status, outcome = await settle_once(services, caller, idempotency_key, body, act)
        if status != 201:
            return Answered(status, outcome)
        done = msgspec.json.decode(outcome, type=Attached)
        identity = IdentityAttached(kind=known_by.kind, value=known_by.value, attached=done.attached)
        return Answered(201, msgspec.json.encode(identity))


def _known_by(data: IdentityToAttach, region: str | None) -> KnownBy:
    """The one identity that is named. Raises ``OneAddressError``."""
    if data.card is None:
        return one_address(data.phone, data.email, region=region)
    if data.phone is not None or data.email is not None:
        raise OneAddressError
    return identities.card(data.card)
