"""Codes of others: a pool is filled whole or not at all, and hands out each code once."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from api.services import Services
from tests.journeys.counter import Counter, reward, with_rewards
from tests.journeys.tills import fetch
from tests.programmes import publish
from tests.shop import Shop
from tests.verified import assert_verified

POOL = "/v1/admin/coupon-pools/cinema"
TICKET = reward("ticket", 10, kind="coupon", effect={"pool": "cinema"})
CLIENTS = 16


@pytest.fixture
async def counter(services: Services, client: httpx.AsyncClient, shop: Shop) -> AsyncIterator[Counter]:
    await publish(services, with_rewards(TICKET))
    yield Counter(services, client, shop)
    await assert_verified(services)


@pytest.fixture
async def marketer(shop: Shop) -> dict[str, str]:
    return await shop.staff("marketer")


async def cinema(client: httpx.AsyncClient, headers: dict[str, str]) -> dict[str, int]:
    """Where the codes of the pool are, without what there is none of."""
    (pool,) = (await client.get("/v1/admin/coupon-pools", headers=headers)).json()["pools"]
    assert pool.pop("pool") == "cinema"
    return {state: number for state, number in pool.items() if number}


async def test_a_coupon_is_a_code_of_its_pool(
    counter: Counter, client: httpx.AsyncClient, marketer: dict[str, str]
) -> None:
    anna = await counter.member(100)
    assert [reason["code"] for reason in await counter.refusal(anna, "ticket")] == ["out_of_stock"]
    added = await client.post(f"{POOL}/codes", json={"codes": [" A-1 ", "A-2"]}, headers=marketer)
    assert (added.status_code, added.json()) == (201, {"pool": "cinema", "codes": 2, "skipped": 0})
    (offered,) = (await counter.get(anna, "rewards"))["rewards"]
    assert (offered["left"], offered["is_available"]) == (2, True)
    issued = await counter.redeem(anna, "ticket")
    assert issued["coupon"] in ("A-1", "A-2")
    assert (await counter.get(anna, f"redemptions/{issued['id']}"))["coupon"] == issued["coupon"]
    assert await counter.wallet(anna) == (90, 90, 0)
    assert await cinema(client, marketer) == {"free": 1, "handed_out": 1}


async def test_a_pool_hands_out_each_code_once_however_many_come(
    counter: Counter, client: httpx.AsyncClient, marketer: dict[str, str]
) -> None:
    codes = [f"C-{number}" for number in range(200)]
    await client.post(f"{POOL}/codes", json={"codes": codes}, headers=marketer)
    members = [await counter.member(1_000) for _ in range(CLIENTS)]

    async def drain(member_id: int) -> list[httpx.Response]:
        return [await counter.post(member_id, "redemptions", {"reward": "ticket"}) for _ in range(14)]

    answers = [answer for each in await asyncio.gather(*map(drain, members)) for answer in each]
    issued = [answer.json()["coupon"] for answer in answers if answer.status_code == 201]
    assert sorted(issued) == sorted(codes)
    refused = [answer.json()["reasons"] for answer in answers if answer.status_code == 422]
    assert refused == [[{"code": "out_of_stock"}]] * (CLIENTS * 14 - 200)
    assert await fetch(counter.services, "SELECT state, count(*) FROM coupon GROUP BY 1") == [("handed_out", 200)]


async def test_a_code_that_was_seen_goes_to_nobody_again(
    counter: Counter, client: httpx.AsyncClient, marketer: dict[str, str], shop: Shop
) -> None:
    await client.post(f"{POOL}/codes", json={"codes": ["ONLY"]}, headers=marketer)
    anna = await counter.member(100)
    issued = await counter.redeem(anna, "ticket")
    own = await counter.post(anna, f"redemptions/{issued['id']}/cancellation")
    assert (own.status_code, own.json()["code"]) == (409, "redemption_not_cancellable")
    path = f"/v1/admin/redemptions/{issued['id']}/cancellation"
    back = await client.post(path, json={"reason": "refused"}, headers=await shop.staff("support"))
    assert back.status_code == 201, back.text
    assert await counter.wallet(anna) == (100, 100, 0)
    assert await cinema(client, marketer) == {"withdrawn": 1}
    assert [reason["code"] for reason in await counter.refusal(anna, "ticket")] == ["out_of_stock"]
    again = await client.post(f"{POOL}/codes", json={"codes": ["ONLY"]}, headers=marketer)
    assert again.status_code == 422
