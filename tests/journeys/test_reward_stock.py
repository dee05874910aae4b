"""Pieces of a reward: counted where there is a stock and nowhere else, there again when they expire, told when few."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from api.services import Services
from kernel.database import driver
from loyalty.rewards.coupon_adding import add_coupons
from loyalty.rewards.expiring import expire_redemptions
from loyalty.rewards.issuing import issue_reward
from loyalty.rewards.running_low import tell_low_stock
from tests.clocks import MovableClock
from tests.journeys.counter import Counter, discount, reward, with_rewards
from tests.journeys.test_coupons import TICKET
from tests.journeys.tills import fetch
from tests.programmes import publish
from tests.shop import Shop
from tests.verified import assert_verified

STOCK = "SELECT given, taken FROM reward_stock"


@pytest.fixture
async def counter(services: Services, client: httpx.AsyncClient, shop: Shop) -> AsyncIterator[Counter]:
    yield Counter(services, client, shop)
    await assert_verified(services)


async def test_whoever_takes_what_has_no_stock_waits_for_nobody(counter: Counter) -> None:
    await publish(counter.services, with_rewards(reward("mug", 10)))
    anna, boris = await counter.member(10), await counter.member(10)
    now = counter.services.clock()
    async with counter.services.database.write() as session:
        await issue_reward(session, anna, "mug", programme=counter.services.programmes.at(now), actor="member", now=now)
        await counter.redeem(boris, "mug")
        await session.commit()
    assert await fetch(counter.services, STOCK) == [(None, 0)]


async def test_a_reward_that_gets_a_stock_finds_what_is_being_taken(counter: Counter) -> None:
    await publish(counter.services, with_rewards(reward("mug", 10)))
    anna, boris, clara = [await counter.member(10) for _ in range(3)]
    await counter.redeem(boris, "mug")
    now = counter.services.clock()
    async with counter.services.database.write() as session:
        await issue_reward(session, anna, "mug", programme=counter.services.programmes.at(now), actor="member", now=now)
        publishing = asyncio.create_task(publish(counter.services, with_rewards(reward("mug", 10, stock=2))))
        while await fetch(counter.services, "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == []:
            assert not publishing.done(), "publishing waits for whoever takes one"
        await session.commit()
    await publishing
    assert await fetch(counter.services, STOCK) == [(2, 2)]
    assert [reason["code"] for reason in await counter.refusal(clara, "mug")] == ["out_of_stock"]


async def test_a_piece_that_expired_is_there_again_before_anybody_has_noted_it(
    counter: Counter, clock: MovableClock
) -> None:
    await publish(counter.services, with_rewards(discount("tenth", 10, stock=1, valid_days=1)))
    anna, boris, clara = [await counter.member(10) for _ in range(3)]
    await counter.redeem(anna, "tenth")
    assert [reason["code"] for reason in await counter.refusal(boris, "tenth")] == ["out_of_stock"]
    clock.advance(days=3)
    (offered,) = (await counter.get(boris, "rewards"))["rewards"]
    assert (offered["left"], offered["is_available"]) == (1, True)
    await counter.redeem(boris, "tenth")
    assert [reason["code"] for reason in await counter.refusal(clara, "tenth")] == ["out_of_stock"]
    async with counter.services.database.write() as session:
        assert await expire_redemptions(session, now=clock(), limit=10) == 1
        await session.commit()
    assert await fetch(counter.services, STOCK) == [(1, 1)]
    assert [reason["code"] for reason in await counter.refusal(clara, "tenth")] == ["out_of_stock"]


async def look(counter: Counter) -> list[tuple[object, ...]]:
    """The worker looks at what is left: of which it has told so far, with what was left."""
    async with counter.services.database.write() as session:
        await tell_low_stock(session, now=counter.services.clock())
        await session.commit()
    told = "SELECT payload ->> 'reward', (payload ->> 'left')::int FROM outbox_event WHERE type = 'reward_runs_low'"
    return await fetch(counter.services, f"{told} ORDER BY event_id")


async def test_little_left_is_told_once_each_time(counter: Counter, client: httpx.AsyncClient, shop: Shop) -> None:
    mug = reward("mug", 1, stock=3, low_stock=1)
    await publish(counter.services, with_rewards(mug))
    anna, manager = await counter.member(10), await shop.staff("manager")
    await counter.redeem(anna, "mug")
    assert await look(counter) == []
    await counter.redeem(anna, "mug")
    assert [await look(counter) for _ in range(2)] == [[("mug", 1)]] * 2
    await counter.redeem(anna, "mug")
    assert await look(counter) == [("mug", 1)]
    (view,) = (await client.get("/v1/admin/rewards", headers=manager)).json()["rewards"]
    assert (view["left"], view["taken"], view["low_since"] is None) == (0, 3, False)
    await publish(counter.services, with_rewards({**mug, "stock": 9}))
    assert await look(counter) == [("mug", 1)]
    (view,) = (await client.get("/v1/admin/rewards", headers=manager)).json()["rewards"]
    assert (view["left"], view["low_since"]) == (6, None)
    await publish(counter.services, with_rewards({**mug, "stock": 4}))
    assert await look(counter) == [("mug", 1), ("mug", 1)]


async def test_a_pool_runs_low_when_its_codes_expire(counter: Counter, clock: MovableClock) -> None:
    await publish(counter.services, with_rewards({**TICKET, "low_stock": 2}))
    assert await look(counter) == [("ticket", 0)]
    for names, expires_at in ((("A", "B"), None), (("C",), clock() + timedelta(days=1))):
        async with counter.services.database.write() as session:
            lines = dict.fromkeys(names, 1)
            await add_coupons(await driver(session), "cinema", lines, expires_at=expires_at, now=clock())
            await session.commit()
    assert await look(counter) == [("ticket", 0)]
    clock.advance(days=1)
    assert await look(counter) == [("ticket", 0), ("ticket", 2)]
