"""Registering a customer at the till, also in mid-sale."""

from typing import Annotated

from litestar import Response, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody
from msgspec import Meta, Struct

from api import fields
from api.dependencies import ServicesOf, Terminal
from api.documented import write_refusals
from api.pos.customers import Customer, present_customer
from api.rate_limits import Limit, limited
from loyalty import identities
from loyalty.identities import KnownBy
from loyalty.members.registration import ConsentGiven, Newcomer, register_member
from loyalty.stores import read_store

REGISTRATIONS = Limit("registrations", 60, 60)


class ConsentAnswer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the customer said when asked, with the version of the text that was shown to them."""

    purpose: fields.Word
    channel: fields.Word
    granted: bool
    text_version: fields.Version


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
    consents: Annotated[list[ConsentAnswer], Meta(max_length=20)] = []


class Registered(Struct, frozen=True, kw_only=True):
    """The customer, as a lookup would answer, and whether they are new."""

    created: bool
    customer: Customer


@post(
    "/v1/pos/registrations",
    operation_id="registerMember",
    summary="Register a member",
    description="A known phone (else e-mail, else card) answers the existing member untouched, with `created` false.",
    tags=["Till: members"],
    guards=[limited(REGISTRATIONS)],
    responses={200: ResponseSpec(Registered, description="Who was a member already")} | write_refusals(401, 422, 429),
)
async def register(data: JSONBody[RegistrationRequest], caller: Terminal, services: ServicesOf) -> Response[Registered]:
    now = services.clock()
    known_by = _identities(data, services.settings.phone_region)
    async with services.database.write() as session:
        store = await read_store(session, caller.store_id)
        newcomer = Newcomer(
            identities=known_by,
            language=data.language,
            zone=store.zone,
            name=data.name,
            birthday=data.birthday,
            home_store_id=store.store_id,
            consents=tuple(_consent(answer, caller.actor) for answer in data.consents),
        )
        member = await register_member(session, newcomer, lookup_key=services.lookup_key, now=now)
        customer = await present_customer(
            session, services, caller, member.member_id, identified_by="registration", proof="none", now=now
        )
        if not caller.training:
            await session.commit()
    return Response(Registered(created=member.created, customer=customer), status_code=201 if member.created else 200)


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


def _consent(answer: ConsentAnswer, source: str) -> ConsentGiven:
    return ConsentGiven(
        purpose=answer.purpose,
        channel=answer.channel,
        granted=answer.granted,
        source=source,
        text_version=answer.text_version,
    )
