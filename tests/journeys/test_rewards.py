"""Rewards on the phone: points are set aside, a code is there, and what is not used comes back."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import httpx
import pytest

from api.services import Services
from loyalty.members.erasing import erase_member
from loyalty.members.merging import merge_members
from loyalty.rewards.expiring import expire_redemptions
from loyalty.rewards.stock import StockBelowTakenError
from tests.api.callers import member_headers
from tests.clocks import MovableClock
from tests.journeys.counter import Counter, discount, reward, with_rewards
from tests.journeys.tills import fetch
from tests.programmes import publish
from tests.shop import Shop
from tests.verified import assert_verified


@pytest.fixture
async def counter(services: Services, client: httpx.AsyncClient, shop: Shop) -> AsyncIterator[Counter]:
    yield Counter(services, client, shop)
    await assert_verified(services)


async def test_points_of_an_issued_reward_are_set_aside_and_a_gifts_are_spent(counter: Counter) -> None:
    await publish(counter.services, with_rewards(discount("tenth", 30), reward("mug", 50)))
    anna = await counter.member(100)
    issued = await counter.redeem(anna, "tenth")
    assert (issued["state"], issued["prices"]) == ("issued", [{"wallet": "points", "points": 30}])
    assert await counter.wallet(anna) == (100, 70, 30)
    await counter.redeem(anna, "mug")
    assert await counter.wallet(anna) == (50, 20, 30)
    listed = await counter.get(anna, "redemptions?limit=1")
    assert [each["reward"] for each in listed["redemptions"]] == ["mug"]
    older = await counter.get(anna, f"redemptions?limit=1&cursor={listed['next']}")
    assert [each["id"] for each in older["redemptions"]] == [issued["id"]]


async def test_the_code_is_shown_as_text_and_as_a_picture(counter: Counter, client: httpx.AsyncClient) -> None:
    await publish(counter.services, with_rewards(discount("tenth", 30)))
    anna, boris = await counter.member(100), await counter.member()
    issued = await counter.redeem(anna, "tenth")
    shown = await counter.get(anna, f"redemptions/{issued['id']}")
    assert shown["code"] == issued["code"]
    assert shown["code"].startswith("RWD_")
    drawn = await client.get(shown["qr"], headers=await member_headers(counter.shop, anna))
    assert (drawn.status_code, drawn.headers["content-type"]) == (200, "image/svg+xml")
    assert b"<svg" in drawn.content
    for path in (shown["qr"], f"/v1/me/redemptions/{issued['id']}"):
        foreign = await client.get(path, headers=await member_headers(counter.shop, boris))
        assert (foreign.status_code, foreign.json()["code"]) == (404, "redemption_not_found")
    foreign = await counter.post(boris, f"redemptions/{issued['id']}/cancellation")
    assert foreign.status_code == 404


async def test_what_is_given_back_can_be_spent_at_once(counter: Counter) -> None:
    document = with_rewards(discount("tenth", 30), reward("mug", 50), discount("final", 20, cancellable=False))
    await publish(counter.services, document)
    anna = await counter.member(100)
    for code in ("tenth", "mug"):
        issued = await counter.redeem(anna, code)
        back = await counter.post(anna, f"redemptions/{issued['id']}/cancellation", key=f"back-{code}")
        assert (back.status_code, back.json()["state"], back.json()["code"]) == (201, "cancelled", None)
        repeated = await counter.post(anna, f"redemptions/{issued['id']}/cancellation", key=f"back-{code}")
        assert repeated.content == back.content
        again = await counter.post(anna, f"redemptions/{issued['id']}/cancellation")
        assert (again.status_code, again.json()["redemption_state"]) == (409, "cancelled")
        assert await counter.wallet(anna) == (100, 100, 0)
    kept = await counter.redeem(anna, "final")
    refused = await counter.post(anna, f"redemptions/{kept['id']}/cancellation")
    assert (refused.status_code, refused.json()["code"]) == (409, "redemption_not_cancellable")


async def test_time_gives_the_points_back_or_keeps_them_as_the_reward_says(
    counter: Counter, clock: MovableClock
) -> None:
    document = with_rewards(discount("soft", 30, valid_days=1), discount("hard", 20, valid_days=1, at_expiry="keep"))
    await publish(counter.services, document)
    anna = await counter.member(100)
    soft, hard = await counter.redeem(anna, "soft"), await counter.redeem(anna, "hard")
    assert await counter.wallet(anna) == (80, 50, 30)
    clock.set(datetime.fromisoformat(soft["expires_at"]) - timedelta(seconds=1))
    assert await counter.state(anna, soft) == "issued"
    clock.advance(seconds=1)
    assert [await counter.state(anna, each) for each in (soft, hard)] == ["expired", "expired"]
    assert await counter.wallet(anna) == (80, 80, 0)
    async with counter.services.database.write() as session:
        assert await expire_redemptions(session, now=clock(), limit=10) == 2
        assert await expire_redemptions(session, now=clock(), limit=10) == 0
        await session.commit()
    assert [await counter.state(anna, each) for each in (soft, hard)] == ["expired", "expired"]
    assert await fetch(counter.services, "SELECT reward, taken FROM reward_stock ORDER BY 1") == [
        ("hard", 0),
        ("soft", 0),
    ]


async def test_several_wallets_pay_all_or_nothing(counter: Counter) -> None:
    both = reward("cup", 0, prices=[{"points": 40}, {"wallet": "stamps", "points": 9}])
    await publish(counter.services, with_rewards(both))
    anna = await counter.member(100, stamps=8)
    assert await counter.refusal(anna, "cup") == [
        {"code": "insufficient_points", "wallet": "stamps", "required": 9, "available": 8, "missing": 1}
    ]
    assert await counter.wallet(anna) == (100, 100, 0)
    await counter.give(anna, stamps=1)
    await counter.redeem(anna, "cup")
    assert (await counter.wallet(anna), await counter.wallet(anna, "stamps")) == ((60, 60, 0), (0, 0, 0))


async def test_points_of_another_wallet_are_there_at_once(counter: Counter) -> None:
    swap = reward("swap", 10, kind="wallet_points", effect={"wallet": "stamps", "points": 3})
    await publish(counter.services, with_rewards(swap))
    anna = await counter.member(10)
    assert (await counter.redeem(anna, "swap"))["state"] == "fulfilled"
    assert (await counter.wallet(anna), await counter.wallet(anna, "stamps")) == ((0, 0, 0), (3, 3, 0))


async def test_every_reason_is_told(counter: Counter) -> None:
    await publish(
        counter.services,
        with_rewards(
            reward(
                "mug",
                500,
                stock=0,
                tiers=["gold"],
                segments=["fans"],
                condition="member.purchases_count > 3",
                windows=[{"from_date": "2030-01-01"}],
            ),
            reward("old", archived=True),
            tiers=[{"code": "gold", "names": {"en": "Gold"}}],
            segments=[{"code": "fans", "names": {"en": "Fans"}}],
        ),
    )
    anna = await counter.member(100)
    codes = ["not_in_window", "tier", "segment", "condition", "out_of_stock", "insufficient_points"]
    assert [reason["code"] for reason in await counter.refusal(anna, "mug")] == codes
    (listed,) = (await counter.get(anna, "rewards"))["rewards"]
    assert ([reason["code"] for reason in listed["reasons"]], listed["left"]) == (codes, 0)
    assert [reason["code"] for reason in await counter.refusal(anna, "old")] == ["archived"]
    unknown = await counter.post(anna, "redemptions", {"reward": "nothing"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "reward_not_found")


async def test_a_limit_counts_the_members_own_days_and_not_what_was_given_back(
    counter: Counter, clock: MovableClock
) -> None:
    await publish(counter.services, with_rewards(reward("cup", 1, limits={"day": 1, "lifetime": 2})))
    anna = await counter.member(100)
    first = await counter.redeem(anna, "cup")
    (reason,) = await counter.refusal(anna, "cup")
    assert (reason["code"], reason["period"], reason["limit"]) == ("limit_reached", "day", 1)
    await counter.post(anna, f"redemptions/{first['id']}/cancellation")
    await counter.redeem(anna, "cup")
    clock.set(datetime.fromisoformat(reason["resets_at"]))
    await counter.redeem(anna, "cup")
    assert [(each["period"], "resets_at" in each) for each in await counter.refusal(anna, "cup")] == [
        ("day", True),
        ("lifetime", False),
    ]


async def test_a_hundred_buyers_of_ten_pieces_get_ten(counter: Counter) -> None:
    await publish(counter.services, with_rewards(discount("tenth", 5, stock=10)))
    buyers = [await counter.member(5) for _ in range(100)]
    answers = await asyncio.gather(*(counter.post(buyer, "redemptions", {"reward": "tenth"}) for buyer in buyers))
    assert sorted(answer.status_code for answer in answers) == [201] * 10 + [422] * 90
    reasons = {reason["code"] for answer in answers if answer.status_code == 422 for reason in answer.json()["reasons"]}
    assert reasons == {"out_of_stock"}
    assert sum([(await counter.wallet(buyer))[2] for buyer in buyers]) == 50


async def test_one_member_who_asks_at_once_gets_what_the_points_pay(counter: Counter) -> None:
    await publish(counter.services, with_rewards(discount("tenth", 30)))
    anna = await counter.member(100)
    answers = await asyncio.gather(*(counter.post(anna, "redemptions", {"reward": "tenth"}) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [422] * 9
    assert await counter.wallet(anna) == (100, 10, 90)


async def test_one_key_issues_once(counter: Counter) -> None:
    await publish(counter.services, with_rewards(discount("tenth", 30)))
    anna = await counter.member(100)
    answers = await asyncio.gather(
        *(counter.post(anna, "redemptions", {"reward": "tenth"}, key="once") for _ in range(6))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert await counter.wallet(anna) == (100, 70, 30)


async def test_whoever_is_merged_gets_the_points_back_and_keeps_what_is_paid(counter: Counter) -> None:
    await publish(counter.services, with_rewards(discount("tenth", 30), reward("mug", 50)))
    card, anna = await counter.member(100), await counter.member()
    held, paid = await counter.redeem(card, "tenth"), await counter.redeem(card, "mug")
    async with counter.services.database.write() as session:
        await merge_members(
            session, source_id=card, target_id=anna, actor="staff:test", reason="same", now=counter.services.clock()
        )
        await session.commit()
    assert [await counter.state(anna, each) for each in (held, paid)] == ["cancelled", "issued"]
    assert await counter.wallet(anna) == (50, 50, 0)
    back = await counter.post(anna, f"redemptions/{paid['id']}/cancellation")
    assert back.status_code == 201, back.text
    assert await counter.wallet(anna) == (100, 100, 0)


async def test_whoever_is_erased_leaves_no_hold(counter: Counter) -> None:
    await publish(counter.services, with_rewards(discount("tenth", 30)))
    anna = await counter.member(100)
    await counter.redeem(anna, "tenth")
    async with counter.services.database.write() as session:
        await erase_member(session, anna, actor="staff:test", reason="asked", now=counter.services.clock())
        await session.commit()
    assert await fetch(counter.services, "SELECT state FROM redemption") == [("cancelled",)]


async def test_stock_is_not_lowered_below_what_is_out(counter: Counter) -> None:
    await publish(counter.services, with_rewards(reward("mug", 1, stock=3)))
    anna = await counter.member(100)
    for _ in range(2):
        await counter.redeem(anna, "mug")
    with pytest.raises(StockBelowTakenError) as refused:
        await publish(counter.services, with_rewards(reward("mug", 1, stock=1)))
    assert refused.value.facts["rewards"] == [{"reward": "mug", "path": "$.rewards[0].stock", "stock": 1, "taken": 2}]
    await publish(counter.services, with_rewards(reward("mug", 1, stock=2)))
    assert [reason["code"] for reason in await counter.refusal(anna, "mug")] == ["out_of_stock"]
    await publish(counter.services, with_rewards(reward("mug", 1)))
    await counter.redeem(anna, "mug")
