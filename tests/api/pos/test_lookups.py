"""A till recognises its customer, sees no personal data in clear, and gets a token for one sale."""

import json

import httpx
import pytest

from api.callers import TerminalCaller
from api.security.member_tokens import MemberTokenRefusedError, read_member_token
from api.services import Services
from loyalty.models import Member
from loyalty.terminals import Place
from tests.clocks import MovableClock
from tests.shop import Shop, Till, bearer

PHONE = "+79990001234"


async def look_up(client: httpx.AsyncClient, till: Till, **body: str) -> httpx.Response:
    return await client.post("/v1/pos/lookups", headers=till.headers, json=body)


async def test_a_lookup_leaks_nothing(client: httpx.AsyncClient, shop: Shop) -> None:
    till = await shop.till()
    await shop.member(phone=PHONE, email="anna@example.com", card="290000004821", name="Anna Kovaleva")
    answer = await look_up(client, till, phone=PHONE)
    assert answer.status_code == 200
    customer = answer.json()
    assert customer["name"] == "Anna K."
    assert {identity["masked"] for identity in customer["identities"]} == {
        "+7 ••• ••• 12-34",
        "a•••@example.com",
        "••••4821",
    }
    token_of_sale = customer.pop("member_token")
    for personal in (PHONE, "9990001234", "anna@example.com", "290000004821", "Kovaleva"):
        assert personal not in json.dumps(customer)
        assert personal not in token_of_sale


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "identity_missing"),
        ({"phone": "+79990000099"}, 404, "member_not_found"),
        ({"card": "9999"}, 404, "member_not_found"),
        ({"email": "nobody@example.com"}, 404, "member_not_found"),
        ({"external_system": "webshop", "external_id": "7"}, 404, "member_not_found"),
        ({"phone": "none"}, 422, "invalid_identity"),
        ({"qr": "CB1.7-9N.00000000"}, 422, "qr_not_accepted"),
        ({"barcode": "000000007000000000"}, 422, "qr_not_accepted"),
    ],
)
async def test_nobody_is_found_clearly(
    client: httpx.AsyncClient, shop: Shop, body: dict[str, str], status: int, code: str
) -> None:
    answer = await look_up(client, await shop.till(), **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_the_first_value_that_leads_to_a_member_counts(client: httpx.AsyncClient, shop: Shop) -> None:
    till, by_card, by_phone = await shop.till(), await shop.member(card="1111"), await shop.member(phone=PHONE)
    both = await look_up(client, till, phone=PHONE, card="1111")
    stale_qr = await look_up(client, till, phone=PHONE, qr="CB1.7-9N.00000000")
    assert by_card != by_phone
    assert (both.json()["identified_by"], stale_qr.json()["identified_by"]) == ("card", "phone")


@pytest.mark.parametrize("picture", ["qr", "barcode"])
async def test_a_rotating_code_proves_presence_once(
    client: httpx.AsyncClient, shop: Shop, clock: MovableClock, picture: str
) -> None:
    till, other, member = await shop.till(), await shop.till(), await shop.member()
    shown = {picture: await (shop.qr(member) if picture == "qr" else shop.barcode(member))}
    first, repeated, elsewhere = [await look_up(client, where, **shown) for where in (till, till, other)]
    assert [answer.json()["proof"] for answer in (first, repeated, elsewhere)] == ["qr", "qr", "none"]
    assert {answer.json()["member_id"] for answer in (first, repeated, elsewhere)} == {first.json()["member_id"]}
    clock.advance(seconds=30)
    assert (await look_up(client, other, qr=await shop.qr(member))).json()["proof"] == "qr"
    assert (await look_up(client, till, **shown)).json()["proof"] == "none"
    clock.advance(seconds=60)
    assert (await look_up(client, till, **shown)).json()["code"] == "qr_not_accepted"


async def test_a_card_or_a_phone_alone_proves_nothing(client: httpx.AsyncClient, shop: Shop) -> None:
    till = await shop.till()
    await shop.member(phone=PHONE, card="1111")
    assert (await look_up(client, till, phone=PHONE)).json()["proof"] == "none"
    assert (await look_up(client, till, card="1111")).json()["proof"] == "none"


async def test_a_merged_member_leads_to_the_survivor(client: httpx.AsyncClient, shop: Shop, services: Services) -> None:
    till = await shop.till()
    first, second, survivor = [await shop.member(card=card) for card in ("1111", "2222", "3333")]
    shown = await shop.qr(first)
    async with services.database.write() as session:
        for gone, into in ((first, second), (second, survivor)):
            member = await session.get_one(Member, gone)
            member.status, member.merged_into = "merged", into
            session.add(member)
        await session.commit()
    expected = (await look_up(client, till, card="3333")).json()["member_id"]
    assert (await look_up(client, till, card="1111")).json()["member_id"] == expected
    by_code = (await look_up(client, till, qr=shown)).json()
    assert (by_code["member_id"], by_code["proof"]) == (expected, "qr")


async def test_an_erased_member_is_found_by_nothing(client: httpx.AsyncClient, shop: Shop, services: Services) -> None:
    till, member = await shop.till(), await shop.member(card="1111")
    shown = await shop.qr(member)
    async with services.database.write() as session:
        row = await session.get_one(Member, member)
        row.status = "erased"
        session.add(row)
        await session.commit()
    assert (await look_up(client, till, card="1111")).status_code == 404
    assert (await look_up(client, till, qr=shown)).json()["code"] == "qr_not_accepted"


async def test_lookups_are_limited_per_terminal(client: httpx.AsyncClient, shop: Shop, clock: MovableClock) -> None:
    till, other = await shop.till(), await shop.till()
    answers = [await look_up(client, till, card="9999") for _ in range(121)]
    assert [answer.status_code for answer in answers] == [404] * 120 + [429]
    assert answers[0].headers["ratelimit-policy"] == '"lookups";q=120;w=60'
    assert answers[0].headers["ratelimit"].startswith('"lookups";r=119;t=')
    assert answers[-1].headers["ratelimit"].startswith('"lookups";r=0;t=')
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert (await look_up(client, other, card="9999")).status_code == 404
    clock.advance(seconds=60)
    assert (await look_up(client, till, card="9999")).status_code == 404


async def test_a_member_token_is_good_at_its_own_terminal_for_half_an_hour(
    client: httpx.AsyncClient, shop: Shop, services: Services, clock: MovableClock
) -> None:
    till, member = await shop.till(), await shop.member(phone=PHONE)
    token = (await look_up(client, till, qr=await shop.qr(member))).json()["member_token"]
    own = TerminalCaller(till.terminal_id, "s", "till")
    hub = TerminalCaller("hub", "s", "hub", acts_for={till.terminal_id: Place(till.terminal_id, "s", "till")})
    keys = services.signing_keys
    read = read_member_token(keys, token, caller=own, now=clock())
    assert (read.member_id, read.identified_by, read.proof) == (member, "qr", "qr")
    assert read_member_token(keys, token, caller=hub, now=clock()) == read
    for caller in (TerminalCaller("other", "s", "till"), TerminalCaller("hub", "s", "hub")):
        with pytest.raises(MemberTokenRefusedError):
            read_member_token(keys, token, caller=caller, now=clock())
    clock.advance(minutes=31)
    with pytest.raises(MemberTokenRefusedError):
        read_member_token(keys, token, caller=own, now=clock())


async def test_a_member_token_is_no_access_token_nor_the_reverse(
    client: httpx.AsyncClient, shop: Shop, services: Services
) -> None:
    till = await shop.till()
    await shop.member(phone=PHONE)
    token = (await look_up(client, till, phone=PHONE)).json()["member_token"]
    for path in ("/v1/me", "/v1/admin/development/outbox"):
        assert (await client.get(path, headers=bearer(token))).status_code == 401
    access = till.headers["Authorization"].removeprefix("Bearer ")
    with pytest.raises(MemberTokenRefusedError):
        read_member_token(
            services.signing_keys, access, caller=TerminalCaller(till.terminal_id, "s", "till"), now=services.clock()
        )
