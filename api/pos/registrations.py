"""Registering a customer at the till, also in mid-sale."""

from datetime import datetime

import msgspec
from litestar import post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody
from msgspec import Struct

from api import fields
from api.callers import TerminalCaller
from api.consents import ConsentAnswers, consents_given
from api.dependencies import ServicesOf, Terminal
from api.documented import created, write_refusals
from api.idempotency import Answered, IdempotencyKey, canonical_body, settle_once, veiled
from api.pos.customers import Customer, present_customer
from api.pos.sales import acting_place
from api.rate_limits import Limit, limited
from api.referrals import ReferralCodeText, referral_settings
from kernel.database import ReadSession, WriteSession
from loyalty import identities
from loyalty.identities import KnownBy
from loyalty.members.ids import member_id_of
from loyalty.members.registration import Newcomer, register_member
from loyalty.purchases.sale import canonical
from loyalty.referrals.attaching import refer
from loyalty.stores import read_store
from loyalty.terminals import Place

REGISTRATIONS = Limit("registrations", 60, 60)


class RegistrationRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At least one of phone, e-mail, card and external id."""

    phone: fields.Phone | None = None
    email: fields.Email | None = None
    card: fields.Card | None = None
    external_system: fields.ExternalSystem | None = None
    external_id: fields.ExternalId | None = None
    name: fields.PersonName | None = None
    birthday: fields.Birthday | None = None
    language: fields.Language = "en"
    consents: ConsentAnswers = []
    referral_code: ReferralCodeText | None = None
    """Of the member who brought them. Only for who is new; where it is refused, so is the registration."""
    terminal: fields.Code | None = None
    """For a hub: the terminal where the customer is."""


class RegisteredMember(Struct, frozen=True, kw_only=True):
    """What is stored of a registration's answer: nothing that names a person."""

    created: bool
    member_id: str


class Registered(Struct, frozen=True, kw_only=True):
    """The customer, as a lookup would answer, and whether they are new."""

    created: bool
    customer: Customer


@post(
    "/v1/pos/registrations",
    operation_id="registerMember",
    summary="Register a member",
    description=(
        "A known phone (else e-mail, else card) answers the existing member untouched, with `created` false. "
        "A repeat under the same key answers the same member with a fresh token."
    ),
    tags=["Till: members"],
    guards=[limited(REGISTRATIONS)],
    responses=created(Registered)
    | {200: ResponseSpec(Registered, description="Who was a member already", generate_examples=False)}
    | write_refusals(401, 404, 422, 429),
)
async def register(
    data: JSONBody[RegistrationRequest], caller: Terminal, services: ServicesOf, idempotency_key: IdempotencyKey
) -> Answered:
    acting = acting_place(caller, data.terminal)
    identities_of = _identities(data, services.settings.phone_region)
    presented: Customer | None = None

    async def present(session: ReadSession, member_id: int, now: datetime) -> Customer:
        return await present_customer(
            session,
            services,
            caller,
            member_id,
            terminal_id=acting.terminal_id,
            identified_by="registration",
            proof="none",
            now=now,
        )

    async def act(session: WriteSession, now: datetime) -> RegisteredMember:
        nonlocal presented
        newcomer = await _newcomer(session, caller, acting, data, identities_of)
        member = await register_member(session, newcomer, lookup_key=services.lookup_key, now=now)
        if member.created and data.referral_code is not None:
            settings = referral_settings(services, now)
            await refer(session, member.member_id, data.referral_code, settings=settings, now=now)
        presented = await present(session, member.member_id, now)
        return RegisteredMember(created=member.created, member_id=presented.member_id)

    body = canonical_body("registerMember", veiled(services, canonical(data).decode()))
    status, outcome = await settle_once(services, caller, idempotency_key, body, act, rehearsal=caller.training)
    if status != 201:
        return Answered(status, outcome)
    member = msgspec.json.decode(outcome, type=RegisteredMember)
    if presented is None:
        async with services.database.read() as session:
            presented = await present(session, member_id_of(member.member_id), services.clock())
    registered = Registered(created=member.created, customer=presented)
    return Answered(201 if member.created else 200, msgspec.json.encode(registered))


async def _newcomer(
    session: ReadSession,
    caller: TerminalCaller,
    acting: Place,
    data: RegistrationRequest,
    identities_of: tuple[KnownBy, ...],
) -> Newcomer:
    store = await read_store(session, acting.store_id)
    return Newcomer(
        identities=identities_of,
        language=data.language,
        zone=store.zone,
        name=data.name,
        birthday=data.birthday,
        home_store_id=store.store_id,
        consents=consents_given(data.consents, caller.actor),
    )


def _identities(data: RegistrationRequest, phone_region: str | None) -> tuple[KnownBy, ...]:
    known_by: list[KnownBy] = []
    if data.phone is not None:
        known_by.append(identities.phone(data.phone, region=phone_region))
    if data.email is not None:
        known_by.append(identities.email(data.email))
    if data.card is not None:
        known_by.append(identities.card(data.card))
    if data.external_system is not None and data.external_id is not None:
        known_by.append(identities.external(data.external_system, data.external_id))
    return tuple(known_by)
