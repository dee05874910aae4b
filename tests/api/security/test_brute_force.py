"""Guessing: however many tries come at once, the same few are compared."""

import asyncio
from collections import Counter

import httpx
import pytest
from sqlmodel import col, select

from api.services import Services
from loyalty.cashiers import dismiss_cashier, reset_pin
from loyalty.models import Cashier, OneTimeCode
from tests.clocks import MovableClock
from tests.shop import PASSWORD, PIN, Shop, Till

PHONE = "+79990000001"


async def try_pin(client: httpx.AsyncClient, till: Till, cashier_id: str, pin: str) -> httpx.Response:
    body = {"cashier_id": cashier_id, "pin": pin}
    return await client.post("/v1/pos/cashier-sessions", headers=till.headers, json=body)


async def try_code(client: httpx.AsyncClient, code_id: str, code: str) -> httpx.Response:
    body = {"code_id": code_id, "code": code, "phone": PHONE}
    return await client.post("/v1/auth/sessions", json=body)


def another(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


async def test_of_twenty_parallel_wrong_pins_five_are_compared(client: httpx.AsyncClient, shop: Shop) -> None:
    till, cashier = await shop.till(), await shop.cashier()
    answers = await asyncio.gather(*(try_pin(client, till, cashier, f"{number:04}") for number in range(20)))
    assert Counter(answer.status_code for answer in answers) == {403: 5, 429: 15}
    refused = await try_pin(client, till, cashier, PIN)
    assert refused.status_code == 429
    assert refused.json()["code"] == "locked_out"
    assert refused.headers["retry-after"] == "900"


async def test_a_lock_out_ends_and_the_count_begins_anew(
    client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    till, cashier = await shop.till(), await shop.cashier()
    for _ in range(5):
        await try_pin(client, till, cashier, "0000")
    clock.advance(minutes=15)
    answers = [await try_pin(client, till, cashier, "0000") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [403] * 5
    assert (await try_pin(client, till, cashier, PIN)).status_code == 429


async def test_a_right_pin_clears_the_count(client: httpx.AsyncClient, shop: Shop, services: Services) -> None:
    till, cashier = await shop.till(), await shop.cashier()
    for _ in range(4):
        await try_pin(client, till, cashier, "0000")
    assert (await try_pin(client, till, cashier, PIN)).status_code == 201
    async with services.database.read() as session:
        row = (await session.exec(select(Cashier).where(col(Cashier.cashier_id) == cashier))).one()
    assert (row.failed_attempts, row.locked_until) == (0, None)


async def test_a_new_pin_ends_the_lock_out(client: httpx.AsyncClient, shop: Shop, services: Services) -> None:
    till, cashier = await shop.till(), await shop.cashier()
    for _ in range(5):
        await try_pin(client, till, cashier, "0000")
    async with services.database.write() as session:
        await reset_pin(session, cashier, pin="162342", now=services.clock())
        await session.commit()
    assert (await try_pin(client, till, cashier, "162342")).status_code == 201


@pytest.mark.parametrize("who", ["unknown", "of another store", "gone"])
async def test_who_may_not_work_here_is_refused_like_a_wrong_pin(
    client: httpx.AsyncClient, shop: Shop, services: Services, who: str
) -> None:
    till = await shop.till()
    cashier = "nobody"
    if who == "of another store":
        cashier = await shop.cashier(store_id=await shop.store())
    if who == "gone":
        cashier = await shop.cashier()
        async with services.database.write() as session:
            await dismiss_cashier(session, cashier, now=services.clock())
            await session.commit()
    wrong = await try_pin(client, till, await shop.cashier(), "0000")
    answer = await try_pin(client, till, cashier, PIN)
    assert (answer.status_code, answer.content) == (wrong.status_code, wrong.content)


async def test_of_twenty_parallel_wrong_codes_five_are_compared(
    client: httpx.AsyncClient, shop: Shop, services: Services
) -> None:
    code_id = (await client.post("/v1/auth/codes", json={"phone": PHONE})).json()["code_id"]
    right = await shop.last_code()
    answers = await asyncio.gather(*(try_code(client, code_id, another(right)) for _ in range(20)))
    assert {answer.json()["code"] for answer in answers} == {"code_not_accepted"}
    assert (await try_code(client, code_id, right)).status_code == 403
    async with services.database.read() as session:
        row = (await session.exec(select(OneTimeCode))).one()
    assert (row.attempts, row.used_at) == (5, None)


async def test_a_right_code_sent_ten_times_at_once_opens_one_session(client: httpx.AsyncClient, shop: Shop) -> None:
    code_id = (await client.post("/v1/auth/codes", json={"phone": PHONE})).json()["code_id"]
    code = await shop.last_code()
    answers = await asyncio.gather(*(try_code(client, code_id, code) for _ in range(10)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 403: 9}


async def test_an_address_gets_five_codes_an_hour_even_when_asked_at_once(
    client: httpx.AsyncClient, clock: MovableClock
) -> None:
    answers = await asyncio.gather(*(client.post("/v1/auth/codes", json={"phone": PHONE}) for _ in range(12)))
    assert Counter(answer.status_code for answer in answers) == {202: 5, 429: 7}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["code"] == "too_many_codes"
    assert refused.headers["retry-after"] == "3600"
    assert (await client.post("/v1/auth/codes", json={"phone": "+79990000002"})).status_code == 202
    clock.advance(hours=1)
    assert (await client.post("/v1/auth/codes", json={"phone": PHONE})).status_code == 202


@pytest.mark.parametrize("spoiled_by", ["ten minutes", "another phone", "another code id"])
async def test_a_right_code_in_the_wrong_place_is_refused(
    client: httpx.AsyncClient, shop: Shop, clock: MovableClock, spoiled_by: str
) -> None:
    code_id = (await client.post("/v1/auth/codes", json={"phone": PHONE})).json()["code_id"]
    body = {"code_id": code_id, "code": await shop.last_code(), "phone": PHONE}
    if spoiled_by == "ten minutes":
        clock.advance(minutes=10)
    elif spoiled_by == "another phone":
        body["phone"] = "+79990000002"
    else:
        body["code_id"] = "somebody-elses"
    answer = await client.post("/v1/auth/sessions", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "code_not_accepted")


async def test_the_answer_to_asking_for_a_code_does_not_tell_members_from_strangers(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await shop.member(phone=PHONE)
    member = await client.post("/v1/auth/codes", json={"phone": PHONE})
    stranger = await client.post("/v1/auth/codes", json={"phone": "+79990000002"})
    assert member.status_code == stranger.status_code
    assert member.json().keys() == stranger.json().keys()
    assert member.json()["expires_at"] == stranger.json()["expires_at"]


@pytest.mark.parametrize("known", [True, False])
async def test_staff_and_strangers_are_locked_out_alike(client: httpx.AsyncClient, shop: Shop, known: bool) -> None:
    await shop.staff("owner")
    body = {"email": "staff1@example.com" if known else "nobody@example.com", "password": "wrong"}
    answers = [await client.post("/v1/admin/sessions", json=body) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [403] * 5 + [429]
    assert answers[-1].json()["code"] == "locked_out"
    right = await client.post("/v1/admin/sessions", json=body | {"password": PASSWORD})
    assert right.status_code == 429
    waits = [answer.headers["Retry-After"] for answer in (answers[-1], right)]
    assert waits == ["900", "900"], "how long is left would tell them apart"
