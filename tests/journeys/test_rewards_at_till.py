"""Rewards at the till: looked up, quoted, used once, with the sale or by themselves, and given back with it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api.services import Services
from loyalty.members.ids import member_public_id
from loyalty.members.merging import merge_members
from tests.clocks import MovableClock
from tests.journeys.counter import Counter, discount, reward, with_rewards
from tests.journeys.tills import basket, done, fetch, line, sale, send
from tests.programmes import publish, rate
from tests.shop import Shop, Till
from tests.verified import assert_verified


@pytest.fixture
async def counter(services: Services, client: httpx.AsyncClient, shop: Shop) -> AsyncIterator[Counter]:
    yield Counter(services, client, shop)
    await assert_verified(services)


@pytest.fixture
async def till(counter: Counter) -> Till:
    return await counter.shop.till()


def bought_by(member_id: int, number: str, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return sale(number, *lines, member={"id": member_public_id(member_id)}, **more)


async def test_a_quote_takes_the_reward_off_and_the_sale_uses_it(counter: Counter, till: Till) -> None:
    await publish(counter.services, with_rewards(discount("tenth", 30)))
    anna = await counter.member(100)
    issued = await counter.redeem(anna, "tenth")
    shown = await done(counter.client, till, "redemptions/lookups", {"code": issued["code"].lower()})
    assert (shown["reward"], shown["state"], shown["id"]) == ("tenth", "issued", issued["id"])
    goods = [line("a", 333), line("b", 334), line("c", 333)]
    asked = basket(*goods, member={"id": member_public_id(anna)}, redemptions=[issued["code"]])
    quote = await done(counter.client, till, "quotes", asked)
    (taken,) = quote["redemptions"]
    assert (taken["discount_minor"], taken["reason"], sum(taken["lines"].values())) == (100, "", 100)
    assert quote["to_pay_minor"] == 900
    assert await counter.state(anna, issued) == "issued"
    sold = [{**each, "discount_minor": taken["lines"][each["id"]]} for each in goods]
    receipt = await done(counter.client, till, "purchases", bought_by(anna, "1", *sold, redemptions=[issued["code"]]))
    assert (receipt["flags"], receipt["earned"][0]["points"]) == (["unknown_sku"], 9)
    assert await counter.state(anna, issued) == "used"
    assert await counter.wallet(anna) == (79, 79, 0)


async def test_a_code_is_used_once_and_a_completed_sale_is_never_refused_for_it(counter: Counter, till: Till) -> None:
    await publish(counter.services, with_rewards(discount("tenth", 30)))
    anna, boris = await counter.member(100), await counter.member()
    issued = await counter.redeem(anna, "tenth")
    body = bought_by(anna, "1", redemptions=[issued["code"]])
    first, again = [await send(counter.client, till, "purchases", body) for _ in range(2)]
    assert (first.status_code, again.content) == (201, first.content)
    for who, number, code, flag in (
        (anna, "2", issued["code"], "redemption_not_open"),
        (boris, "3", issued["code"], "redemption_unknown"),
        (anna, "4", "nonsense", "redemption_unknown"),
    ):
        receipt = await done(counter.client, till, "purchases", bought_by(who, number, redemptions=[code]))
        assert flag in receipt["flags"], receipt
    assert await fetch(counter.services, "SELECT state, purchase_no FROM redemption") == [("used", 1)]


async def test_two_tills_at_once_find_one_winner(counter: Counter, till: Till) -> None:
    await publish(counter.services, with_rewards(discount("tenth", 30)))
    anna, other = await counter.member(100), await counter.shop.till()
    issued = await counter.redeem(anna, "tenth")
    body = {"code": issued["code"], "basket": basket()}
    answers = await asyncio.gather(*(send(counter.client, one, "redemptions", body) for one in (till, other) * 4))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    (won,) = (answer.json() for answer in answers if answer.is_success)
    assert (won["state"], won["discount_minor"], won["lines"]) == ("used", 1_000, {"1": 1_000})
    assert await counter.wallet(anna) == (70, 70, 0)


async def test_a_repeat_gets_the_first_answer_and_the_sale_after_it_is_the_one(counter: Counter, till: Till) -> None:
    await publish(counter.services, with_rewards(reward("mug", 30)))
    anna = await counter.member(100)
    issued = await counter.redeem(anna, "mug")
    first, again = [
        await send(counter.client, till, "redemptions", {"code": issued["code"]}, key="mug") for _ in range(2)
    ]
    assert (first.status_code, again.content) == (201, first.content)
    receipt = await done(counter.client, till, "purchases", bought_by(anna, "1", redemptions=[issued["code"]]))
    assert receipt["flags"] == ["unknown_sku"]
    assert await fetch(counter.services, "SELECT state, purchase_no FROM redemption") == [("used", 1)]


async def test_a_voided_sale_gives_its_rewards_back(counter: Counter, till: Till) -> None:
    await publish(counter.services, with_rewards(discount("tenth", 30, stock=1)))
    anna = await counter.member(100)
    issued = await counter.redeem(anna, "tenth")
    await done(counter.client, till, "purchases", bought_by(anna, "1", redemptions=[issued["code"]]))
    await done(counter.client, till, "voids", {"receipt": {"number": "1", "business_date": "2026-03-02"}})
    assert await counter.state(anna, issued) == "refunded"
    assert await counter.wallet(anna) == (100, 100, 0)
    await counter.redeem(anna, "tenth")


async def test_a_void_keeps_what_was_used_where_the_till_is_set_so(counter: Counter, till: Till) -> None:
    await publish(counter.services, with_rewards(discount("tenth", 30), till={"voided_redemptions": "keep"}))
    anna = await counter.member(100)
    issued = await counter.redeem(anna, "tenth")
    await done(counter.client, till, "purchases", bought_by(anna, "1", redemptions=[issued["code"]]))
    await done(counter.client, till, "voids", {"receipt": {"number": "1", "business_date": "2026-03-02"}})
    assert (await counter.state(anna, issued), await counter.wallet(anna)) == ("used", (70, 70, 0))


async def test_what_was_issued_before_a_merge_is_used_by_the_survivor_and_given_back_with_their_sale(
    counter: Counter, till: Till
) -> None:
    await publish(counter.services, with_rewards(reward("mug", 30, stock=1)))
    old, anna = await counter.member(30), await counter.member()
    issued = await counter.redeem(old, "mug")
    await done(counter.client, till, "purchases", bought_by(old, "1"))
    async with counter.services.database.write() as session:
        now = counter.services.clock()
        await merge_members(session, source_id=old, target_id=anna, actor="staff:test", reason="same", now=now)
        await session.commit()
    receipt = await done(counter.client, till, "purchases", bought_by(anna, "2", redemptions=[issued["code"]]))
    assert receipt["flags"] == ["unknown_sku"]
    used = "SELECT state, purchase_member_id, purchase_no FROM redemption"
    assert await fetch(counter.services, used) == [("used", anna, 1)]
    await done(counter.client, till, "voids", {"receipt": {"number": "1", "business_date": "2026-03-02"}})
    assert await counter.state(anna, issued) == "used", "the other sale number one is not the one"
    await done(counter.client, till, "voids", {"receipt": {"number": "2", "business_date": "2026-03-02"}})
    assert await counter.state(anna, issued) == "refunded"
    assert await counter.wallet(anna) == (30, 30, 0)


async def test_points_that_are_set_aside_are_not_held_by_a_till(counter: Counter, till: Till) -> None:
    spending = {"value": {"points": 1, "minor": 100}, "needs_proof": False}
    await publish(counter.services, with_rewards(discount("tenth", 70), spending=spending))
    anna = await counter.member(100)
    await counter.redeem(anna, "tenth")
    member = {"id": member_public_id(anna)}
    refused = await send(counter.client, till, "holds", basket(member=member, points=31))
    assert (refused.status_code, refused.json()["code"]) == (422, "spend_refused")
    await done(counter.client, till, "holds", basket(member=member, points=30))
    assert [reason["missing"] for reason in await counter.refusal(anna, "tenth")] == [70]


async def test_the_free_unit_earns_nothing(counter: Counter, till: Till) -> None:
    per_cup = {"code": "cups", "names": {"en": "cups"}, "formula": {"kind": "per_item", "points": 1}}
    free = reward("free", 4, kind="free_item", effect={"lines": {"skus": ["cup"]}})
    await publish(counter.services, with_rewards(free, earn_rules=[per_cup]))
    anna = await counter.member(4)
    issued = await counter.redeem(anna, "free")
    cups = [line("paid", 640, sku="cup", quantity="2"), line("free", 320, sku="cup")]
    quote = await done(counter.client, till, "quotes", basket(*cups, redemptions=[issued["code"]]))
    assert quote["redemptions"][0]["lines"] == {"free": 320}
    cups[1]["discount_minor"] = 320
    receipt = await done(counter.client, till, "purchases", bought_by(anna, "1", *cups, redemptions=[issued["code"]]))
    assert receipt["earned"][0]["points"] == 2
    refund = {
        "original": {"purchase_id": receipt["id"]},
        "receipt": {"number": "r1", "business_date": "2026-03-02"},
        "occurred_at": "2026-03-02T10:00:00Z",
    }
    await done(counter.client, till, "refunds", refund)
    assert await counter.wallet(anna) == (0, 0, 0)


async def test_what_is_for_another_place_or_basket_is_told(counter: Counter, till: Till, clock: MovableClock) -> None:
    await publish(
        counter.services,
        with_rewards(
            discount("elsewhere", 1, stores=["nowhere"]),
            discount("online", 1, channels=["web"]),
            discount("large", 1, effect={"minimum_basket_minor": 20_000}),
            discount("tea", 1, effect={"lines": {"skus": ["tea"]}}),
            discount("short", 1, valid_days=0),
        ),
    )
    anna = await counter.member(100)
    codes = [(await counter.redeem(anna, code))["code"] for code in ("elsewhere", "online", "large", "tea")]
    quote = await done(counter.client, till, "quotes", basket(redemptions=[*codes, "RWD_1-22"]))
    reasons = ["store", "channel", "below_minimum_basket", "nothing_eligible", "unknown"]
    assert [each["reason"] for each in quote["redemptions"]] == reasons
    assert quote["to_pay_minor"] == 10_000
    for code, reason in zip(codes, reasons, strict=False):
        refused = await send(counter.client, till, "redemptions", {"code": code, "basket": basket()})
        assert (refused.status_code, refused.json()["reason"]) == (422, reason)
    naked = await send(counter.client, till, "redemptions", {"code": codes[3]})
    assert naked.json()["reason"] == "basket_needed"
    short = await counter.redeem(anna, "short")
    clock.advance(days=1)
    late = bought_by(anna, "9", redemptions=[short["code"]])
    fresh = await counter.shop.till()
    assert "redemption_not_open" in (await done(counter.client, fresh, "purchases", late))["flags"]


async def test_a_basket_of_somebody_else_uses_no_reward_and_a_guests_does(counter: Counter, till: Till) -> None:
    await publish(counter.services, with_rewards(discount("tenth", 30)))
    anna, boris = await counter.member(100), await counter.member()
    issued = await counter.redeem(anna, "tenth")
    foreign = {"code": issued["code"], "basket": basket(member={"id": member_public_id(boris)})}
    refused = await send(counter.client, till, "redemptions", foreign)
    assert (refused.status_code, refused.json()["code"], refused.json()["reason"]) == (
        422,
        "redemption_refused",
        "member",
    )
    assert await counter.state(anna, issued) == "issued"
    assert await counter.wallet(anna) == (100, 70, 30)
    used = await done(counter.client, till, "redemptions", {"code": issued["code"], "basket": basket()})
    assert used["state"] == "used"


async def test_a_sale_that_used_a_reward_of_other_places_is_flagged_and_uses_it(counter: Counter, till: Till) -> None:
    rewards = (discount("elsewhere", 1, stores=["nowhere"]), discount("online", 1, channels=["web"]))
    await publish(counter.services, with_rewards(*rewards, discount("anywhere", 1)))
    anna = await counter.member(100)
    for number, (code, flagged) in enumerate((("elsewhere", True), ("online", True), ("anywhere", False)), 1):
        issued = await counter.redeem(anna, code)
        body = bought_by(anna, str(number), redemptions=[issued["code"]])
        receipt = await done(counter.client, till, "purchases", body)
        assert ("redemption_elsewhere" in receipt["flags"]) == flagged
        assert await counter.state(anna, issued) == "used"


async def test_a_blocked_members_reward_is_not_used(counter: Counter, till: Till) -> None:
    await publish(counter.services, with_rewards(reward("mug", 30), earn_rules=[rate()]))
    anna = await counter.member(100)
    issued = await counter.redeem(anna, "mug")
    staff = await counter.shop.staff("manager")
    standing = {"earning_frozen": False, "spending_frozen": True, "blocked": False, "reason": "review"}
    path = f"/v1/admin/members/{member_public_id(anna)}/standing"
    assert (await counter.client.put(path, json=standing, headers=staff)).is_success
    refused = await send(counter.client, till, "redemptions", {"code": issued["code"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "spending_blocked")
    assert [reason["code"] for reason in await counter.refusal(anna, "mug")] == ["spending_frozen"]


async def test_a_training_terminal_uses_nothing_up(counter: Counter) -> None:
    await publish(counter.services, with_rewards(reward("mug", 30)))
    anna, training = await counter.member(100), await counter.shop.till(training=True)
    issued = await counter.redeem(anna, "mug")
    for _ in range(2):
        used = await done(counter.client, training, "redemptions", {"code": issued["code"]})
        assert used["state"] == "used"
    assert await counter.state(anna, issued) == "issued"
