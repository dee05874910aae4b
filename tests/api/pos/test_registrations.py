"""Registering at the till, and proving presence with a code."""

import asyncio
import secrets

import httpx
import pytest
from sqlmodel import func, select

from api.callers import TerminalCaller
from api.security.member_tokens import MemberTokenRefusedError, read_member_token
from api.services import Services
from loyalty.models import Consent, IdempotencyKey, Identity, Member, OneTimeCode, Person, PersonIdentity
from loyalty.terminals import Place
from tests.journeys.tills import send
from tests.shop import Shop, Till

PHONE = "+79990001234"


async def register(client: httpx.AsyncClient, till: Till, **body: object) -> httpx.Response:
    headers = {**till.headers, "Idempotency-Key": secrets.token_hex(8)}
    return await client.post("/v1/pos/registrations", headers=headers, json=body)


async def count(
    services: Services, table: type[Member | Identity | Person | PersonIdentity | Consent | OneTimeCode]
) -> int:
    async with services.database.read() as session:
        return (await session.exec(select(func.count()).select_from(table))).one()


async def test_a_known_phone_answers_the_existing_member(client: httpx.AsyncClient, shop: Shop) -> None:
    till = await shop.till()
    first = await register(client, till, phone=PHONE, name="Anna Kovaleva")
    second = await register(client, till, phone="8 (999) 000-12-34", name="Somebody Else")
    assert (first.status_code, first.json()["created"]) == (201, True)
    assert (second.status_code, second.json()["created"]) == (200, False)
    assert second.json()["customer"]["member_id"] == first.json()["customer"]["member_id"]
    assert second.json()["customer"]["name"] == "Anna K."
    assert second.json()["customer"]["proof"] == "none"


async def test_the_same_phone_registered_twenty_times_at_once_is_one_member(
    client: httpx.AsyncClient, shop: Shop, services: Services
) -> None:
    till = await shop.till()
    cards = [f"2900{number:04}" for number in range(20)]
    answers = await asyncio.gather(*(register(client, till, phone=PHONE, card=card) for card in cards))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["customer"]["member_id"] for answer in answers}) == 1
    assert [await count(services, table) for table in (Member, Person)] == [1, 1]
    assert [await count(services, table) for table in (Identity, PersonIdentity)] == [2, 2]


async def test_crossed_identities_registered_at_once_never_wait_in_a_ring(
    client: httpx.AsyncClient, shop: Shop, services: Services
) -> None:
    till = await shop.till()
    pairs = [("1111", "2222"), ("2222", "1111")] * 8
    bodies = [{"card": card, "external_system": "crm", "external_id": other} for card, other in pairs]
    answers = await asyncio.gather(*(register(client, till, **body) for body in bodies))
    assert {answer.status_code for answer in answers} == {200, 201}
    assert await count(services, Member) == 2


async def test_consents_are_kept_with_who_asked(client: httpx.AsyncClient, shop: Shop, services: Services) -> None:
    till = await shop.till()
    consent = {"purpose": "marketing", "channel": "sms", "granted": False, "text_version": "2026-01"}
    await register(client, till, phone=PHONE, consents=[consent])
    async with services.database.read() as session:
        row = (await session.exec(select(Consent))).one()
    assert (row.purpose, row.granted, row.source) == ("marketing", False, f"terminal:{till.terminal_id}")


async def test_a_card_of_somebody_else_registers_nobody(
    client: httpx.AsyncClient, shop: Shop, services: Services
) -> None:
    till = await shop.till()
    await register(client, till, phone=PHONE, card="290000001234")
    answer = await register(client, till, phone="+79990000002", card="290000001234")
    assert (answer.status_code, answer.json()["code"], answer.json()["kind"]) == (409, "identity_taken", "card")
    assert await count(services, Member) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "identity_missing"),
        ({"phone": "12345"}, "invalid_identity"),
        ({"phone": PHONE, "language": "xx yy"}, "invalid_profile"),
        ({"phone": PHONE, "birthday": "2030-01-01"}, "invalid_profile"),
    ],
)
async def test_what_cannot_be_registered_leaves_nothing(
    client: httpx.AsyncClient, shop: Shop, services: Services, body: dict[str, str], code: str
) -> None:
    answer = await register(client, await shop.till(), **body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert [await count(services, table) for table in (Member, Identity)] == [0, 0]


async def test_a_repeated_registration_finds_its_member_and_stores_no_personal_data(
    client: httpx.AsyncClient, shop: Shop, services: Services
) -> None:
    headers = {**(await shop.till()).headers, "Idempotency-Key": "k"}
    body = {"phone": PHONE, "name": "Anna Kovaleva"}
    first, again = [await client.post("/v1/pos/registrations", headers=headers, json=body) for _ in range(2)]
    assert [first.status_code, again.status_code] == [201, 201]
    assert again.json()["customer"]["member_id"] == first.json()["customer"]["member_id"]
    assert await count(services, Member) == 1
    other = await client.post("/v1/pos/registrations", headers=headers, json={**body, "phone": "+79990001235"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    async with services.database.read() as session:
        (stored,) = (await session.exec(select(IdempotencyKey))).all()
    kept = stored.body + (stored.outcome or b"")
    assert not any(word in kept for word in (b"9990001234", b"12-34", b"Anna", b"token"))


async def test_a_training_terminal_takes_any_code_and_its_proof_is_worth_nothing_elsewhere(
    client: httpx.AsyncClient, shop: Shop, services: Services
) -> None:
    store_id = await shop.store()
    till = await shop.till(store_id=store_id, training=True)
    await shop.member(phone=PHONE)
    looked_up = await client.post("/v1/pos/lookups", headers=till.headers, json={"phone": PHONE})
    token = looked_up.json()["member_token"]
    sent = await send(client, till, "proof-codes", {"member_token": token})
    assert (sent.status_code, sent.json()["sent_to"]) == (202, "+7 ••• ••• 12-34")
    body = {"member_token": token, "code_id": sent.json()["code_id"], "code": "123456"}
    proved = await send(client, till, "proofs", body)
    assert (proved.status_code, proved.json()["proof"]) == (201, "code")
    assert await count(services, OneTimeCode) == 0
    hub = TerminalCaller("hub", store_id, "hub", acts_for={till.terminal_id: Place(till.terminal_id, store_id, "till")})
    with pytest.raises(MemberTokenRefusedError):
        read_member_token(services.signing_keys, proved.json()["member_token"], caller=hub, now=services.clock())


async def test_a_training_terminal_registers_nobody(client: httpx.AsyncClient, shop: Shop, services: Services) -> None:
    answer = await register(client, await shop.till(training=True), phone=PHONE)
    assert (answer.status_code, answer.json()["created"]) == (201, True)
    assert [await count(services, table) for table in (Member, Identity)] == [0, 0]


async def test_a_code_makes_the_member_token_one_that_may_spend(
    client: httpx.AsyncClient, shop: Shop, services: Services
) -> None:
    till, other = await shop.till(), await shop.till()
    token = (await register(client, till, phone=PHONE)).json()["customer"]["member_token"]
    sent = await send(client, till, "proof-codes", {"member_token": token})
    assert (sent.status_code, sent.json()["sent_to"]) == (202, "+7 ••• ••• 12-34")
    body = {"member_token": token, "code_id": sent.json()["code_id"], "code": await shop.last_code()}
    elsewhere = await send(client, other, "proofs", body)
    assert elsewhere.json()["code"] == "member_token_refused"
    proved = await send(client, till, "proofs", body)
    assert (proved.status_code, proved.json()["proof"]) == (201, "code")
    own = TerminalCaller(till.terminal_id, "s", "till")
    keys, now = services.signing_keys, services.clock()
    assert read_member_token(keys, proved.json()["member_token"], caller=own, now=now).proof == "code"
    again = await send(client, till, "proofs", body)
    assert again.json()["code"] == "code_not_accepted"


async def test_a_code_for_spending_signs_nobody_in(client: httpx.AsyncClient, shop: Shop) -> None:
    till = await shop.till()
    token = (await register(client, till, phone=PHONE)).json()["customer"]["member_token"]
    sent = await send(client, till, "proof-codes", {"member_token": token})
    body = {"code_id": sent.json()["code_id"], "code": await shop.last_code(), "phone": PHONE}
    assert (await client.post("/v1/auth/sessions", json=body)).status_code == 403


async def test_who_has_no_phone_gets_no_code(client: httpx.AsyncClient, shop: Shop) -> None:
    till = await shop.till()
    token = (await register(client, till, card="290000001234")).json()["customer"]["member_token"]
    answer = await send(client, till, "proof-codes", {"member_token": token})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_address")
