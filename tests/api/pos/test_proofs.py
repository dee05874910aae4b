"""Proving presence in mid-sale: by a code, by the rotating picture, by confirming in the app."""

from typing import Any

import httpx
import pytest
from sqlmodel import func, select

from api.callers import TerminalCaller
from api.security.member_tokens import read_member_token
from api.services import Services
from loyalty.access.confirmations import forget_old_requests
from loyalty.members.ids import member_public_id
from loyalty.models import ConfirmationRequest, OneTimeCode
from tests.clocks import MovableClock
from tests.journeys.tills import basket, done, fetch, sale, send
from tests.programmes import programme, publish, rate
from tests.shop import Shop, Till, bearer

PHONE = "+79990001234"


@pytest.fixture
async def till(shop: Shop) -> Till:
    return await shop.till()


@pytest.fixture
async def anna(shop: Shop) -> int:
    return await shop.member(phone=PHONE)


@pytest.fixture
async def token(client: httpx.AsyncClient, till: Till, anna: int) -> str:
    """What the till has: a customer who told their phone number, and no proof."""
    return str((await done(client, till, "lookups", {"phone": PHONE}))["member_token"])


async def ask(client: httpx.AsyncClient, till: Till, token: str) -> str:
    return str((await done(client, till, "confirmation-requests", {"member_token": token}))["confirmation_id"])


async def prove(client: httpx.AsyncClient, till: Till, token: str, **proof: Any) -> tuple[int, str]:
    answer = await send(client, till, "proofs", {"member_token": token, **proof})
    return answer.status_code, answer.json().get("proof") or answer.json()["code"]


async def my_phone(shop: Shop) -> dict[str, str]:
    return bearer((await shop.phone_session(PHONE))["access_token"])


async def asked(client: httpx.AsyncClient, me: dict[str, str]) -> list[dict[str, Any]]:
    requests: list[dict[str, Any]] = (await client.get("/v1/me/confirmation-requests", headers=me)).json()["requests"]
    return requests


async def confirm(client: httpx.AsyncClient, me: dict[str, str], confirmation_id: str) -> int:
    body = {"confirmation_id": confirmation_id}
    return (await client.post("/v1/me/confirmations", headers=me, json=body)).status_code


async def test_what_is_confirmed_in_the_app_can_be_spent(
    services: Services, client: httpx.AsyncClient, shop: Shop, till: Till, anna: int, token: str
) -> None:
    spending = {"value": {"points": 1, "minor": 100}, "proofs": ["app"]}
    await publish(services, programme(rate(), spending=spending))
    await done(client, till, "purchases", sale("1", member={"id": member_public_id(anna)}))
    refused = await send(client, till, "holds", basket(member={"token": token}, points=50))
    assert (refused.status_code, refused.json()["accepted"]) == (403, ["app"])

    me, confirmation_id = await my_phone(shop), await ask(client, till, token)
    body = {"member_token": token, "confirmation_id": confirmation_id}
    early = await send(client, till, "proofs", body, key="same")
    assert (early.status_code, early.json()["code"]) == (403, "not_confirmed")
    (question,) = await asked(client, me)
    assert (question["confirmation_id"], question["terminal_id"]) == (confirmation_id, till.terminal_id)
    assert [await confirm(client, me, confirmation_id) for _ in range(2)] == [201, 201]
    assert await asked(client, me) == []
    proved = await done(client, till, "proofs", body, key="same")
    assert proved["proof"] == "app"
    hold = await done(client, till, "holds", basket(member={"token": proved["member_token"]}, points=50))
    assert hold["points"] == 50


async def test_a_confirmation_is_good_for_its_member_its_terminal_and_five_minutes(
    client: httpx.AsyncClient, shop: Shop, till: Till, anna: int, token: str, clock: MovableClock
) -> None:
    other = await shop.till()
    others_token = (await done(client, other, "lookups", {"phone": PHONE}))["member_token"]
    me, confirmation_id = await my_phone(shop), await ask(client, till, token)
    stranger = bearer((await shop.phone_session("+79990005678"))["access_token"])
    assert await asked(client, stranger) == []
    assert await confirm(client, stranger, confirmation_id) == 404
    assert await confirm(client, me, "guessed") == 404
    assert await confirm(client, me, confirmation_id) == 201
    assert await prove(client, other, others_token, confirmation_id=confirmation_id) == (403, "not_confirmed")
    assert await prove(client, till, token, confirmation_id=confirmation_id) == (201, "app")
    assert await prove(client, till, token, confirmation_id=confirmation_id) == (201, "app"), "the answer may be lost"
    clock.advance(minutes=5)
    assert await prove(client, till, token, confirmation_id=confirmation_id) == (403, "not_confirmed")
    assert await confirm(client, me, confirmation_id) == 404


async def test_a_terminal_asks_one_question_at_a_time(
    client: httpx.AsyncClient, services: Services, shop: Shop, till: Till, anna: int, token: str, clock: MovableClock
) -> None:
    me = await my_phone(shop)
    first, second = await ask(client, till, token), await ask(client, till, token)
    assert [question["confirmation_id"] for question in await asked(client, me)] == [second]
    assert await confirm(client, me, first) == 404
    clock.advance(minutes=5)
    async with services.database.write() as session:
        await forget_old_requests(session, now=clock())
        await session.commit()
    assert await fetch(services, "SELECT 1 FROM confirmation_request") == []


async def test_a_picture_shown_in_mid_sale_proves_its_own_member_once(
    client: httpx.AsyncClient, shop: Shop, till: Till, anna: int, token: str
) -> None:
    other, stranger = await shop.till(), await shop.member()
    others_token = (await done(client, other, "lookups", {"phone": PHONE}))["member_token"]
    assert await prove(client, till, token, qr=await shop.qr(stranger)) == (422, "qr_not_accepted")
    shown = await shop.qr(anna)
    assert await prove(client, till, token, qr=shown) == (201, "qr")
    assert await prove(client, till, token, barcode=await shop.barcode(anna)) == (201, "qr")
    assert await prove(client, other, others_token, qr=shown) == (422, "qr_not_accepted")


@pytest.mark.parametrize(
    "proof",
    [
        {},
        {"code": "123456"},
        {"code_id": "x"},
        {"code_id": "x", "code": "123456", "confirmation_id": "y"},
        {"qr": "CB1.7-9N.00000000", "confirmation_id": "y"},
    ],
)
async def test_no_proof_or_two_are_none(
    client: httpx.AsyncClient, till: Till, token: str, proof: dict[str, str]
) -> None:
    assert await prove(client, till, token, **proof) == (422, "proof_unclear")


async def test_a_code_is_sent_once_under_its_key_and_where_it_went_is_not_stored(
    client: httpx.AsyncClient, services: Services, till: Till, token: str
) -> None:
    body = {"member_token": token}
    first, again = [await send(client, till, "proof-codes", body, key="k") for _ in range(2)]
    assert (first.status_code, again.content) == (202, first.content)
    assert first.json()["sent_to"] == "+7 ••• ••• 12-34"
    async with services.database.read() as session:
        assert (await session.exec(select(func.count()).select_from(OneTimeCode))).one() == 1
    (stored,) = await fetch(services, "SELECT body, outcome FROM idempotency_key WHERE key = 'k'")
    assert not any(secret in part for part in stored for secret in (b"12-34", token.encode()))
    other = await send(client, till, "proof-codes", {"member_token": f"{token[:-4]}xxxx"}, key="k")
    assert other.status_code == 422


async def test_the_token_of_a_proof_is_not_repeated(
    client: httpx.AsyncClient, shop: Shop, till: Till, token: str
) -> None:
    code_id = (await done(client, till, "proof-codes", {"member_token": token}))["code_id"]
    code = await shop.last_code()
    wrong = {"member_token": token, "code_id": code_id, "code": "000000" if code != "000000" else "111111"}
    refused = await send(client, till, "proofs", wrong, key="p")
    assert (refused.status_code, refused.json()["code"]) == (403, "code_not_accepted")
    first, again = [await send(client, till, "proofs", wrong | {"code": code}, key="p") for _ in range(2)]
    assert first.status_code == 201, "a refused code binds no key"
    assert (again.status_code, again.json()["code"]) == (409, "secret_shown_once")


async def test_wrong_codes_count_although_they_bind_no_key(
    client: httpx.AsyncClient, services: Services, shop: Shop, till: Till, token: str
) -> None:
    code_id = (await done(client, till, "proof-codes", {"member_token": token}))["code_id"]
    code = await shop.last_code()
    wrong = {"member_token": token, "code_id": code_id, "code": "000000" if code != "000000" else "111111"}
    assert {(await send(client, till, "proofs", wrong, key="p")).status_code for _ in range(5)} == {403}
    assert await fetch(services, "SELECT attempts FROM one_time_code") == [(5,)]
    assert await prove(client, till, token, code_id=code_id, code=code) == (403, "code_not_accepted")


async def test_a_hub_acts_for_the_terminal_that_it_names_from_lookup_to_proof(
    client: httpx.AsyncClient, services: Services, shop: Shop, till: Till, anna: int
) -> None:
    hub, named = await shop.till(kind="hub", acts_for=[till.terminal_id]), {"terminal": till.terminal_id}
    found = await done(client, hub, "lookups", {"qr": await shop.qr(anna), **named})
    own = TerminalCaller(till.terminal_id, "s", "till")
    keys, now = services.signing_keys, services.clock()
    read = read_member_token(keys, found["member_token"], caller=own, now=now)
    assert (read.terminal_id, read.proof) == (till.terminal_id, "qr")
    made = await done(client, hub, "registrations", {"phone": "+79990009999", **named})
    token = made["customer"]["member_token"]
    code_id = (await done(client, hub, "proof-codes", {"member_token": token}))["code_id"]
    body = {"member_token": token, "code_id": code_id, "code": await shop.last_code()}
    proved = await done(client, till, "proofs", body)
    assert read_member_token(keys, proved["member_token"], caller=own, now=now).proof == "code"
    confirmation_id = await ask(client, hub, token)
    rows = await fetch(services, "SELECT terminal_id, confirmation_id FROM confirmation_request")
    assert rows == [(till.terminal_id, confirmation_id)]


async def test_a_hub_may_ask_as_often_as_it_and_its_terminals_together(client: httpx.AsyncClient, shop: Shop) -> None:
    tills = [await shop.till() for _ in range(2)]
    hub = await shop.till(kind="hub", acts_for=[till.terminal_id for till in tills])
    for caller, most in ((hub, 180), (tills[0], 60)):
        answer = await send(client, caller, "proofs", {"member_token": "none"})
        assert answer.headers["ratelimit-policy"] == f'"proofs";q={most};w=60'
        assert answer.headers["ratelimit"].startswith(f'"proofs";r={most - 1};t=')


async def test_the_customer_is_told_the_store_where_they_are_and_not_the_hubs(
    client: httpx.AsyncClient, shop: Shop, anna: int
) -> None:
    store = await shop.store()
    till = await shop.till(store_id=store)
    hub = await shop.till(kind="hub", acts_for=[till.terminal_id])
    token = (await done(client, hub, "lookups", {"phone": PHONE, "terminal": till.terminal_id}))["member_token"]
    await ask(client, hub, token)
    (question,) = await asked(client, await my_phone(shop))
    assert question["store_name"] == f"Coffee at {store}"


@pytest.mark.parametrize("path", ["lookups", "registrations"])
async def test_nobody_names_a_terminal_they_do_not_act_for(
    client: httpx.AsyncClient, shop: Shop, till: Till, path: str
) -> None:
    hub = await shop.till(kind="hub", acts_for=[till.terminal_id])
    foreign = await shop.till()
    for caller in (hub, till):
        answer = await send(client, caller, path, {"phone": PHONE, "terminal": foreign.terminal_id})
        assert (answer.status_code, answer.json()["code"]) == (422, "terminal_foreign")


async def test_at_a_training_terminal_everybody_has_confirmed_and_nothing_is_written(
    client: httpx.AsyncClient, services: Services, shop: Shop, anna: int
) -> None:
    training = await shop.till(training=True)
    token = (await done(client, training, "lookups", {"phone": PHONE}))["member_token"]
    confirmation_id = await ask(client, training, token)
    assert await prove(client, training, token, confirmation_id=confirmation_id) == (201, "app")
    async with services.database.read() as session:
        assert (await session.exec(select(func.count()).select_from(ConfirmationRequest))).one() == 0
