"""Stamp cards: what is issued by itself, once for each full card, however often the worker is told."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api.services import Services
from loyalty.events import PointsAdjusted
from loyalty.ledger.sweeping import sweep
from loyalty.members.ids import member_public_id
from loyalty.members.merging import merge_members
from loyalty.rewards.auto_issuing import MOST_AT_ONCE, issue_full_cards
from tests.journeys.counter import STAMPS, Counter, reward, with_rewards
from tests.journeys.tills import done, fetch, line, sale
from tests.programmes import POINTS, programme, publish
from tests.shop import Shop, Till
from tests.verified import assert_verified
from tests.worker.delivered import deliver_everything

STAMP = {
    "code": "stamp",
    "names": {"en": "stamp"},
    "wallet": "stamps",
    "formula": {"kind": "per_item", "points": 1},
    "lines": {"skus": ["cup"]},
}


@pytest.fixture
async def counter(services: Services, client: httpx.AsyncClient, shop: Shop) -> AsyncIterator[Counter]:
    yield Counter(services, client, shop)
    await assert_verified(services)


@pytest.fixture
async def till(counter: Counter) -> Till:
    return await counter.shop.till()


def card(stamps: int = 9, **more: Any) -> dict[str, Any]:
    """The cup after ``stamps`` cups."""
    prices = [{"wallet": "stamps", "points": stamps}]
    effect = {"lines": {"skus": ["cup"]}}
    return reward("free-cup", 0, kind="free_item", effect=effect, prices=prices, auto_issue=True, **more)


async def buys_cups(counter: Counter, till: Till, member_id: int, number: str, cups: int, **more: Any) -> Any:
    body = sale(
        number,
        line("cups", 300 * cups, sku="cup", quantity=str(cups)),
        member={"id": member_public_id(member_id)},
        **more,
    )
    return await done(counter.client, till, "purchases", body)


async def issued_to(counter: Counter, member_id: int) -> list[Any]:
    redemptions: list[Any] = (await counter.get(member_id, "redemptions"))["redemptions"]
    return redemptions


async def told(counter: Counter, *members: int, commit: bool = True) -> None:
    """The worker hears of points of ``members``, once more."""
    now = counter.services.clock()
    events = [
        PointsAdjusted(member_id=member, entry_no=1, wallet="stamps", points=1, occurred_at=now) for member in members
    ]
    async with counter.services.database.write() as session:
        await issue_full_cards(session, events, now=now)
        if commit:
            await session.commit()


async def test_the_tenth_cup_is_free(counter: Counter, till: Till) -> None:
    await publish(counter.services, with_rewards(card(), earn_rules=[STAMP]))
    anna = await counter.member()
    await buys_cups(counter, till, anna, "1", 8)
    await deliver_everything(counter.services)
    assert await issued_to(counter, anna) == []
    await buys_cups(counter, till, anna, "2", 1)
    await deliver_everything(counter.services)
    (issued,) = await issued_to(counter, anna)
    assert (issued["reward"], issued["state"]) == ("free-cup", "issued")
    assert await counter.wallet(anna, "stamps") == (9, 0, 9)
    free = {**line("free", 300, sku="cup"), "discount_minor": 300}
    body = sale("3", free, member={"id": member_public_id(anna)}, redemptions=[issued["code"]])
    await done(counter.client, till, "purchases", body)
    await deliver_everything(counter.services)
    assert [each["state"] for each in await issued_to(counter, anna)] == ["used"]
    assert await counter.wallet(anna, "stamps") == (0, 0, 0)


async def test_one_is_issued_for_each_card_that_is_full_and_the_rest_is_kept(counter: Counter, till: Till) -> None:
    await publish(counter.services, with_rewards(card(), earn_rules=[STAMP]))
    anna = await counter.member()
    await buys_cups(counter, till, anna, "1", 29)
    await deliver_everything(counter.services)
    assert len(await issued_to(counter, anna)) == 3
    assert await counter.wallet(anna, "stamps") == (29, 2, 27)


async def test_being_told_again_or_by_many_at_once_or_dying_before_the_end_issues_nothing_twice(
    counter: Counter,
) -> None:
    await publish(counter.services, with_rewards(card(stock=7)))
    members = [await counter.member(stamps=19) for _ in range(4)]
    await told(counter, *members, commit=False)
    assert await fetch(counter.services, "SELECT count(*) FROM redemption") == [(0,)]
    await asyncio.gather(*(told(counter, *order) for order in (members, members[::-1]) * 4))
    await told(counter, *members)
    found = [len(await issued_to(counter, member)) for member in members]
    assert (sum(found), max(found)) == (7, 2), "as many as there are pieces, and two cards each at most"


async def test_whoever_cannot_have_it_keeps_the_stamps(counter: Counter) -> None:
    await publish(counter.services, with_rewards(card(limits={"day": 1})))
    anna = await counter.member(stamps=20)
    await told(counter, anna)
    assert await counter.wallet(anna, "stamps") == (20, 11, 9)
    assert len(await issued_to(counter, anna)) == 1


async def test_a_large_gift_of_stamps_is_taken_in_parts(counter: Counter) -> None:
    await publish(counter.services, with_rewards(card(1)))
    anna = await counter.member(stamps=MOST_AT_ONCE + 5)
    for left in (5, 0):
        await told(counter, anna)
        assert (await counter.wallet(anna, "stamps"))[1] == left


async def test_two_halves_of_a_card_are_full_when_their_members_are_one(counter: Counter) -> None:
    await publish(counter.services, with_rewards(card()))
    anna, old = await counter.member(stamps=5), await counter.member(stamps=4)
    now = counter.services.clock()
    async with counter.services.database.write() as session:
        await merge_members(session, source_id=old, target_id=anna, actor="staff:test", reason="same", now=now)
        await session.commit()
    await deliver_everything(counter.services)
    await told(counter, old)
    assert len(await issued_to(counter, anna)) == 1


async def test_stamps_that_are_taken_back_are_owed_and_the_next_ones_pay_for_them(counter: Counter, till: Till) -> None:
    await publish(counter.services, with_rewards(card(), earn_rules=[STAMP]))
    anna = await counter.member()
    bought = await buys_cups(counter, till, anna, "1", 9)
    await deliver_everything(counter.services)
    back = {
        "original": {"purchase_id": bought["id"]},
        "receipt": {"number": "r1", "business_date": "2026-03-02"},
        "occurred_at": "2026-03-02T10:00:00Z",
    }
    await done(counter.client, till, "refunds", back)
    await deliver_everything(counter.services)
    (issued,) = await issued_to(counter, anna)
    assert issued["state"] == "issued"
    await buys_cups(counter, till, anna, "2", 9)
    await deliver_everything(counter.services)
    assert len(await issued_to(counter, anna)) == 1, "these nine pay for the card that was given"


async def test_stamps_that_had_to_wait_fill_a_card_as_soon_as_they_are_there(counter: Counter, till: Till) -> None:
    stamp = STAMP | {"pending": {"kind": "days", "days": 2}}
    await publish(counter.services, with_rewards(card(), earn_rules=[stamp]))
    anna = await counter.member()
    await buys_cups(counter, till, anna, "1", 9)
    await deliver_everything(counter.services)
    assert await issued_to(counter, anna) == []
    clock: Any = counter.services.clock
    clock.advance(days=3)
    for _ in range(2):
        async with counter.services.database.write() as session:
            await sweep(session, now=clock(), limit=10)
            await session.commit()
        await deliver_everything(counter.services)
    assert [each["state"] for each in await issued_to(counter, anna)] == ["issued"]


@pytest.mark.parametrize(("policy", "used", "owed", "cards"), [("clamp", False, 9, 1), ("clamp", True, 0, 2)])
async def test_a_card_whose_stamps_are_taken_back_is_owed_while_it_can_be_used_and_left_where_it_was_used(
    counter: Counter, till: Till, policy: str, used: bool, owed: int, cards: int
) -> None:
    wallets = [POINTS, STAMPS | {"debt": policy}]
    await publish(counter.services, programme(rewards=[card()], wallets=wallets, earn_rules=[STAMP]))
    anna = await counter.member()
    bought = await buys_cups(counter, till, anna, "1", 9)
    await deliver_everything(counter.services)
    if used:
        (issued,) = await issued_to(counter, anna)
        free = {**line("free", 300, sku="cup"), "discount_minor": 300}
        body = sale("2", free, member={"id": member_public_id(anna)}, redemptions=[issued["code"]])
        await done(counter.client, till, "purchases", body)
    back = {
        "original": {"purchase_id": bought["id"]},
        "receipt": {"number": "r1", "business_date": "2026-03-02"},
        "occurred_at": "2026-03-02T10:00:00Z",
    }
    await done(counter.client, till, "refunds", back)
    assert await fetch(counter.services, "SELECT debt FROM balance WHERE wallet = 'stamps'") == [(owed,)]
    await buys_cups(counter, till, anna, "3", 9)
    await deliver_everything(counter.services)
    assert len(await issued_to(counter, anna)) == cards
