"""Codes of others: a pool is filled whole or not at all, and hands out each code once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import httpx
import pytest
from sqlalchemy.exc import DBAPIError

from api.services import Services
from kernel.database import driver
from loyalty.members.ids import member_public_id
from loyalty.rewards.expiring import expire_redemptions
from loyalty.rewards.issuing import issue_reward
from tests.clocks import MovableClock
from tests.journeys.counter import Counter, discount, reward, with_rewards
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


async def test_whoever_dies_in_between_leaves_the_code_to_the_next(
    counter: Counter, client: httpx.AsyncClient, marketer: dict[str, str]
) -> None:
    await client.post(f"{POOL}/codes", json={"codes": ["ONLY"]}, headers=marketer)
    anna, boris = await counter.member(10), await counter.member(10)
    now = counter.services.clock()
    programme = counter.services.programmes.at(now)
    async with counter.services.database.write() as session:
        taken = await issue_reward(session, anna, "ticket", programme=programme, actor="member", now=now)
        assert taken.coupon == "ONLY"
        assert [reason["code"] for reason in await counter.refusal(boris, "ticket")] == ["out_of_stock"]
        (await driver(session)).terminate()
        with pytest.raises(DBAPIError):
            await session.commit()
    assert (await counter.redeem(boris, "ticket"))["coupon"] == "ONLY"
    assert await counter.wallet(anna) == (10, 10, 0)


async def test_what_expires_first_goes_first_and_what_has_expired_to_nobody(
    counter: Counter, client: httpx.AsyncClient, marketer: dict[str, str], clock: MovableClock, shop: Shop
) -> None:
    ends = [(clock() + timedelta(days=days)).isoformat() for days in (3, 1, 2)]
    for name, expires_at in zip(("LATE", "FIRST", "NEXT", "EVER"), (*ends, None), strict=True):
        body = {"codes": [name], "expires_at": expires_at}
        assert (await client.post(f"{POOL}/codes", json=body, headers=marketer)).status_code == 201
    anna = await counter.member(100)
    first = await counter.redeem(anna, "ticket")
    assert (first["coupon"], datetime.fromisoformat(first["expires_at"])) == ("FIRST", clock() + timedelta(days=1))
    clock.advance(days=2)
    assert await cinema(client, await shop.staff("manager")) == {"free": 2, "expired": 2}
    assert [(await counter.redeem(anna, "ticket"))["coupon"] for _ in range(2)] == ["LATE", "EVER"]
    assert [reason["code"] for reason in await counter.refusal(anna, "ticket")] == ["out_of_stock"]


async def test_a_coupon_that_expired_was_had_all_the_same(
    counter: Counter, client: httpx.AsyncClient, marketer: dict[str, str], clock: MovableClock, shop: Shop
) -> None:
    await publish(counter.services, with_rewards({**TICKET, "limits": {"lifetime": 1}, "stock": 1}))
    body = {"codes": ["A"], "expires_at": (clock() + timedelta(days=1)).isoformat()}
    await client.post(f"{POOL}/codes", json=body, headers=marketer)
    await client.post(f"{POOL}/codes", json={"codes": ["B"]}, headers=marketer)
    anna = await counter.member(100)
    issued = await counter.redeem(anna, "ticket")
    clock.advance(days=2)
    for _ in range(2):
        assert await counter.state(anna, issued) == "expired"
        assert await counter.wallet(anna) == (90, 90, 0)
        assert [reason["code"] for reason in await counter.refusal(anna, "ticket")] == ["limit_reached", "out_of_stock"]
        async with counter.services.database.write() as session:
            await expire_redemptions(session, now=clock(), limit=10)
            await session.commit()
    path = f"/v1/admin/redemptions/{issued['id']}/fulfilment"
    late = await client.post(path, headers=await shop.staff("support"))
    assert (late.status_code, late.json()["redemption_state"]) == (409, "expired")


async def test_a_partner_gives_to_whoever_shows_its_code_or_has_it_handed_over(
    counter: Counter, client: httpx.AsyncClient, marketer: dict[str, str], shop: Shop
) -> None:
    yoga = [reward("class", 5, kind="partner", effect={"pool": "yoga"}), reward("massage", 5, kind="partner")]
    await publish(counter.services, with_rewards(TICKET, *yoga))
    await client.post("/v1/admin/coupon-pools/yoga/codes", json={"codes": ["OM"]}, headers=marketer)
    anna = await counter.member(100)
    shown, queued = await counter.redeem(anna, "class"), await counter.redeem(anna, "massage")
    assert (shown["coupon"], queued["coupon"]) == ("OM", None)
    for redemption in (shown, queued):
        path = f"/v1/admin/redemptions/{redemption['id']}/fulfilment"
        assert (await client.post(path, headers=await shop.staff("support"))).json()["state"] == "fulfilled"
    (_, pool) = (await client.get("/v1/admin/coupon-pools", headers=marketer)).json()["pools"]
    assert (pool["pool"], pool["used"]) == ("yoga", 1)


async def test_what_the_business_gives_costs_nothing_and_counts_towards_no_limit(
    counter: Counter, client: httpx.AsyncClient, marketer: dict[str, str], shop: Shop
) -> None:
    meant_for_others = {"limits": {"lifetime": 1}, "segments": ["few"], "price_minor": 50}
    tenth = discount("tenth", 10, limits={"lifetime": 1})
    few = {"code": "few", "names": {"en": "Few"}}
    await publish(counter.services, with_rewards({**TICKET, **meant_for_others}, tenth, segments=[few]))
    await client.post(f"{POOL}/codes", json={"codes": ["A", "B"]}, headers=marketer)
    anna, manager = await counter.member(10), await shop.staff("manager")

    async def grant(code: str, key: str) -> httpx.Response:
        path = f"/v1/admin/members/{member_public_id(anna)}/redemptions"
        body = {"reward": code, "reason": "sorry"}
        return await client.post(path, json=body, headers=manager | {"Idempotency-Key": key})

    first, repeated, second, third = [
        await grant(code, key) for code, key in (("ticket", "1"), ("ticket", "1"), ("ticket", "2"), ("tenth", "3"))
    ]
    assert first.content == repeated.content
    granted = [answer.json() for answer in (first, second, third)]
    told = [(one["prices"], one["price_minor"], one["grant_reason"], one["state"]) for one in granted]
    assert told == [([], 0, "sorry", "issued")] * 3
    assert await cinema(client, marketer) == {"handed_out": 2}
    assert await counter.wallet(anna) == (10, 10, 0)
    assert (await counter.redeem(anna, "tenth"))["prices"] == [{"wallet": "points", "points": 10}]
    refused = await grant("ticket", "4")
    assert (refused.status_code, refused.json()["reasons"]) == (422, [{"code": "out_of_stock"}])
    assert (await grant("nothing", "5")).json()["code"] == "reward_not_found"


async def test_codes_are_withdrawn_while_members_take_them_and_no_code_is_both(
    counter: Counter, client: httpx.AsyncClient, marketer: dict[str, str]
) -> None:
    await client.post(f"{POOL}/codes", json={"codes": [f"C-{number}" for number in range(40)]}, headers=marketer)
    members = [await counter.member(100) for _ in range(CLIENTS)]
    taking = [counter.post(member_id, "redemptions", {"reward": "ticket"}) for member_id in members]
    withdrawing = client.post(f"{POOL}/withdrawals", json={"reason": "leaked"}, headers=marketer)
    *answers, withdrawn = await asyncio.gather(*taking, withdrawing)
    had = [answer.json()["coupon"] for answer in answers if answer.status_code == 201]
    assert len(set(had)) == len(had)
    assert withdrawn.json()["codes"] == 40 - len(had)
    states = {"handed_out": len(had), "withdrawn": 40 - len(had)}
    assert await cinema(client, marketer) == {state: number for state, number in states.items() if number}
