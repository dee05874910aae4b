"""What a member is known by: attached, replaced, removed."""

from datetime import datetime

from litestar import Controller, delete, post
from litestar.params import JSONBody
from msgspec import Struct

from api import fields
from api.callers import StaffCaller
from api.dependencies import ServicesOf, Staff
from api.documented import created, refusals, write_refusals
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body, veiled
from api.parameters import CodeInPath, MemberInPath
from api.security.permissions import Permission, requires_permission
from api.services import Services
from kernel.database import WriteSession
from kernel.errors import ConflictError, UnprocessableError
from loyalty import identities
from loyalty.audit import record_change
from loyalty.identities import KnownBy
from loyalty.masks import masked
from loyalty.members.attaching import CardHasPointsError, attach_identity
from loyalty.members.detaching import detach_identity, identity_id
from loyalty.members.ids import member_id_of, member_public_id
from loyalty.members.survivors import surviving_member


class OneIdentityError(UnprocessableError):
    """None or several were given."""

    code = "one_identity_needed"
    title = "Give one of card, phone, e-mail and external id."


class CardHeldError(ConflictError):
    """The card belongs to ``holder``, an anonymous member: merge the two instead."""

    code = "card_has_its_own_account"
    title = "The card has an account of its own: merge the two members instead."


class NewIdentity(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One identity, and the one that it replaces: of a lost card, the old number stops working."""

    card: fields.Card | None = None
    phone: fields.Phone | None = None
    email: fields.Email | None = None
    external_system: fields.ExternalSystem | None = None
    external_id: fields.ExternalId | None = None
    replaces: fields.Code | None = None
    """``identity_id`` of one that the member has."""


class IdentityOutcome(Struct, frozen=True, kw_only=True):
    """The identity that was attached."""

    identity_id: str
    kind: str
    attached: bool
    """False when the member had it already."""


class AdminMemberIdentities(Controller):
    """Cards, phones, e-mails and external ids of a member."""

    path = "/v1/admin/members/{member_id:str}/identities"
    tags = ("Staff: members",)
    guards = (requires_permission(Permission.MEMBERS_WRITE),)

    @post(
        operation_id="attachMemberIdentity",
        summary="Attach or replace an identity",
        description="It counts as not proved: its owner can earn with it, and proves it when signing in.",
        responses=created(IdentityOutcome) | write_refusals(401, 403, 404, 422),
    )
    async def attach(
        self,
        member_id: MemberInPath,
        data: JSONBody[NewIdentity],
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        known_by = _known_by(data, services.settings.phone_region)

        async def act(session: WriteSession, now: datetime) -> IdentityOutcome:
            member = await surviving_member(session, member_id_of(member_id))
            return await _attach(session, services, caller, member.member_id, known_by, data.replaces, now=now)

        kept = {
            "member_id": member_id,
            "kind": known_by.kind,
            "value": veiled(services, known_by.value),
            "replaces": data.replaces,
        }
        body = canonical_body("attachMemberIdentity", kept)
        return await answer_once(services, caller, idempotency_key, body, act)

    @delete(
        "/{identity:str}",
        operation_id="removeMemberIdentity",
        summary="Remove an identity",
        description="It leads to nobody any more. Removing a phone or an e-mail signs the member's phones out.",
        responses=refusals(401, 403, 404, 409),
    )
    async def remove(self, member_id: MemberInPath, identity: CodeInPath, caller: Staff, services: ServicesOf) -> None:
        now = services.clock()
        async with services.database.write() as session:
            member = await surviving_member(session, member_id_of(member_id))
            await _remove(session, services, caller, member.member_id, identity, now=now)
            await session.commit()


async def _attach(
    session: WriteSession,
    services: Services,
    caller: StaffCaller,
    member_id: int,
    known_by: KnownBy,
    replaces: str | None,
    *,
    now: datetime,
) -> IdentityOutcome:
    key = services.lookup_key
    try:
        attached = await attach_identity(session, member_id, known_by, verified=False, lookup_key=key, now=now)
    except CardHasPointsError as error:
        raise CardHeldError(holder=member_public_id(error.holder_id)) from None
    name = identity_id(known_by, lookup_key=key)
    await record_change(
        session,
        actor=caller.actor,
        action="member.identity_attached",
        subject=member_public_id(member_id),
        after={"identity_id": name, "kind": known_by.kind, "masked": masked(known_by)},
        now=now,
    )
    if replaces is not None and replaces != name:
        await _remove(session, services, caller, member_id, replaces, now=now)
    return IdentityOutcome(identity_id=name, kind=known_by.kind, attached=attached)


async def _remove(
    session: WriteSession, services: Services, caller: StaffCaller, member_id: int, identity: str, *, now: datetime
) -> None:
    taken = await detach_identity(session, member_id, identity, lookup_key=services.lookup_key, now=now)
    await record_change(
        session,
        actor=caller.actor,
        action="member.identity_removed",
        subject=member_public_id(member_id),
        before={"identity_id": identity, "kind": taken.kind, "masked": masked(taken)},
        now=now,
    )


def _known_by(data: NewIdentity, phone_region: str | None) -> KnownBy:
    given: list[KnownBy] = []
    if data.card is not None:
        given.append(identities.card(data.card))
    if data.phone is not None:
        given.append(identities.phone(data.phone, region=phone_region))
    if data.email is not None:
        given.append(identities.email(data.email))
    if data.external_system is not None and data.external_id is not None:
        given.append(identities.external(data.external_system, data.external_id))
    if len(given) != 1:
        raise OneIdentityError
    return given[0]
