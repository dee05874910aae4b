"""Bugs that other loyalty systems shipped, each as the test that would have caught it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from kernel.database import driver
from loyalty.ledger.adjusting import adjust_up
from loyalty.ledger.earning import Grant
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.opening import open_account
from loyalty.ledger.writing import write_accounts
from loyalty.programme.policies import ExpiryPolicy
from loyalty.programme.publishing import ProgrammeInvalidError
from tests.journeys.tills import done, line, send
from tests.programmes import fixed, programme, publish, rate
from tests.scenarios.checkout import Checkout, earned, lot, spending

APRIL = datetime(2026, 4, 1, 9, tzinfo=UTC)


async def test_an_order_event_that_is_played_again_pays_once(checkout: Checkout) -> None:
    await checkout.open_with()
    member = await checkout.member()
    sale = checkout.sale(member)
    answers = [await send(checkout.client, checkout.till, "purchases", sale) for _ in range(3)]
    assert len({answer.content for answer in answers}) == 1
    assert await checkout.history(member) == [("earned", 100)]


async def test_a_bonus_asked_for_in_two_tabs_is_paid_once(checkout: Checkout) -> None:
    await checkout.open_with(fixed("welcome", 500, caps={"lifetime": 500}))
    member = await checkout.member()
    receipts = await asyncio.gather(*(checkout.sells(member) for _ in range(2)))
    assert sorted(earned(receipt) for receipt in receipts) == [0, 500]


async def test_an_offline_queue_that_is_sent_again_doubles_nothing(checkout: Checkout) -> None:
    await checkout.open_with()
    member = await checkout.member()
    queue = [{**checkout.sale(member), "offline": True} for _ in range(4)]
    for attempt, (sales, keys) in enumerate(((queue, "abcd"), (queue[::-1], "dcba"), (queue[1:3], "ef")), start=1):
        items = [
            {"key": key, "kind": "purchase", "purchase": {**sale, "attempt": attempt}}
            for key, sale in zip(keys, sales, strict=True)
        ]
        answers = await done(checkout.client, checkout.till, "batches", {"items": items})
        assert [item["status"] for item in answers["items"]] == [201] * len(sales)
    assert await checkout.history(member) == [("earned", 100)] * 4


async def test_buying_and_refunding_again_and_again_keeps_no_points(checkout: Checkout) -> None:
    await checkout.open_with(rate(per_minor=100), fixed("visit", 7), spending=spending(1))
    member = await checkout.member()
    for _ in range(3):
        await checkout.refunds(await checkout.sells(member, line("a", 999, quantity="3")), a="1")
        receipt = await checkout.sells(member, line("a", 999, quantity="3"))
        for _ in range(3):
            await checkout.refunds(receipt, a="1")
    kept = await checkout.balance(member)
    assert kept == 3 * (6 + 7), "of each first sale two thirds were kept, and its visit; of the others nothing"


async def test_a_refund_takes_redeemed_points_no_second_time(checkout: Checkout) -> None:
    await checkout.open_with(spending=spending(100))
    member = await checkout.member(100)
    receipt = await checkout.sells_for_points(member, 60, line("a", 10_000, quantity="2"))
    assert await checkout.balance(member) == 100 - 60 + 40
    refund = await checkout.refunds(receipt, a="1")
    assert [(effect["taken"], effect["returned"]) for effect in refund["effects"]] == [(20, 30)]
    await checkout.refunds(receipt)
    assert await checkout.balance(member) == 100


async def test_a_sale_and_a_merge_at_once_lose_no_credit(checkout: Checkout) -> None:
    await checkout.open_with()
    source, target = await checkout.member(), await checkout.member()
    await asyncio.gather(
        *(checkout.sells(member) for member in (source, target) for _ in range(4)), checkout.merge(source, target)
    )
    assert await checkout.balance(target) == 800


async def test_a_refund_that_crosses_with_its_sale_is_not_forgotten(checkout: Checkout) -> None:
    await checkout.open_with()
    member = await checkout.member()
    for _ in range(5):
        sale = checkout.sale(member)
        refund = {**checkout.refund({"id": "-"}), "original": {"receipt": sale["receipt"]}}
        await asyncio.gather(
            done(checkout.client, checkout.till, "refunds", refund),
            done(checkout.client, checkout.till, "purchases", sale),
        )
    await checkout.run_job("apply-overtaken-refunds")
    assert await checkout.balance(member) == 0


async def test_two_tills_that_take_back_the_same_thing_pay_for_it_once(checkout: Checkout) -> None:
    await checkout.open_with()
    member = await checkout.member(1_000)
    receipt = await checkout.sells(member, line("a"))
    refunds = [checkout.refund(receipt, a="1") for _ in range(4)]
    answers = await asyncio.gather(*(send(checkout.client, checkout.till, "refunds", refund) for refund in refunds))
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422]
    assert await checkout.balance(member) == 1_000


async def test_one_hold_pays_for_one_sale(checkout: Checkout) -> None:
    await checkout.open_with(spending=spending(1))
    member = await checkout.member(1_000)
    hold = await checkout.holds(member, 50, line(amount_minor=50))
    await checkout.sells(member, line(amount_minor=50), hold_id=hold["id"])
    other = checkout.sale(member, line(amount_minor=50), hold_id=hold["id"])
    refused = await send(checkout.client, checkout.till, "purchases", other)
    assert (refused.status_code, refused.json()["code"]) == (409, "hold_not_open")
    assert await checkout.balance(member) == 950


async def test_a_refund_gives_back_the_cap_that_its_sale_had_used(checkout: Checkout) -> None:
    await checkout.open_with(rate(per_minor=100, caps={"day": 100}))
    member = await checkout.member()
    receipt = await checkout.sells(member)
    assert earned(await checkout.sells(member)) == 0
    await checkout.refunds(receipt)
    assert earned(await checkout.sells(member)) == 100


async def test_a_merge_loses_neither_points_nor_what_may_come_back(checkout: Checkout) -> None:
    rules = lot("brief", 200, last_day="2026-03-31"), lot("cake", 50)
    await checkout.open_with(*rules, spending=spending(1))
    source, target = await checkout.member(), await checkout.member(11)
    await checkout.sells(source, line(sku="brief"))
    receipt = await checkout.sells_for_points(source, 50, line(sku="cake"))
    await checkout.merge(source, target)
    assert await checkout.balance(target) == 11 + 150 + 50
    await checkout.refunds(receipt)
    assert await checkout.balance(target) == 11 + 200
    await checkout.move_to(APRIL)
    assert await checkout.balance(target) == 11, "merged points keep their expiry, returned ones too"


async def test_a_lock_lasts_as_long_as_the_work_that_took_it(checkout: Checkout) -> None:
    await checkout.open_with()
    member = await checkout.member()
    async with member_locked(checkout, member, giving=1_000):
        sale = asyncio.create_task(checkout.sells(member))
        # Longer than a batch of sales waits for a member: the sale goes on waiting alone, and takes nothing meanwhile.
        patience_ms = checkout.services.settings.posting_lock_timeout_ms
        finished, _ = await asyncio.wait([sale], timeout=4 * patience_ms / 1_000)
        assert not finished
    assert (await sale)["balances"] == [{"wallet": "points", "balance": 1_100}]


async def test_undoing_a_sale_takes_its_own_points_and_not_the_balance_of_today(checkout: Checkout) -> None:
    await checkout.open_with(lot("brief", 100, last_day="2026-03-31"), lot("lasting", 100))
    member = await checkout.member()
    expired = await checkout.sells(member, line(sku="brief"))
    await checkout.move_to(APRIL)
    await checkout.sells(member, line(sku="lasting"))
    refund = await checkout.refunds(expired)
    assert [(effect["taken"], effect["forgiven"]) for effect in refund["effects"]] == [(100, 100)]
    assert await checkout.balance(member) == 100


async def test_an_expired_lot_that_was_spent_does_not_eat_the_points_after_it(checkout: Checkout) -> None:
    await checkout.open_with(lot("brief", 100, last_day="2026-03-31"), spending=spending(1))
    member = await checkout.member()
    await checkout.sells(member, line(sku="brief"))
    await checkout.sells_for_points(member, 100, line(amount_minor=100))
    await checkout.give(member, 100)
    await checkout.move_to(APRIL)
    assert (await checkout.balance(member), await checkout.available(member)) == (100, 100)


async def test_points_and_money_are_exact_where_floats_are_not(checkout: Checkout) -> None:
    await checkout.open_with(rate(points=1, per_minor=1))
    member = await checkout.member()
    for amount_minor in (10, 20, 2**52 + 1):
        await checkout.sells(member, line(amount_minor=amount_minor))
    assert await checkout.balance(member) == 2**52 + 31


async def test_every_threshold_is_reached_by_its_very_amount(checkout: Checkout) -> None:
    steps = {"kind": "steps", "steps": [{"from_minor": 5_000, "points": 3}]}
    stepped = {"code": "stepped", "names": {"en": "stepped"}, "formula": steps}
    limits = {"minimum_points": 50, "maximum_share_bp": 5_000}
    await checkout.open_with(
        fixed("big", 5, minimum_basket_minor=5_000),
        fixed("condition", 7, condition="purchase.total_minor >= 5000"),
        stepped,
        spending=spending(100, **limits),
    )
    member = await checkout.member(50)
    assert earned(await checkout.sells(await checkout.member(), line(amount_minor=4_999))) == 0
    assert earned(await checkout.sells(await checkout.member(), line(amount_minor=5_000))) == 5 + 7 + 3
    hold = await checkout.holds(member, 50, line(amount_minor=10_000))
    assert hold["points"] == 50, "all the balance, the minimum and half of the basket at once"


@pytest.mark.parametrize("limit", [{"caps": {"day": 0}}, {"budget_points": 0}], ids=["a cap", "a budget"])
async def test_a_limit_of_zero_is_refused_and_never_read_as_none(checkout: Checkout, limit: dict[str, Any]) -> None:
    with pytest.raises(ProgrammeInvalidError):
        await publish(checkout.services, programme(fixed("bonus", 5, **limit)))


async def test_a_budget_that_is_used_up_stays_used_up(checkout: Checkout) -> None:
    await checkout.open_with(fixed("bonus", 1, budget_points=16))
    members = [await checkout.member() for _ in range(8)]
    receipts = await asyncio.gather(*(checkout.sells(member) for member in members for _ in range(6)))
    paid = sum(earned(receipt) for receipt in receipts)
    assert paid == 8, "each member draws on a slice of one point"
    await publish(checkout.services, programme(fixed("bonus", 1, budget_points=paid)))
    assert [earned(await checkout.sells(member)) for member in members] == [0] * 8


async def test_a_cap_is_exact_however_many_sales_come_at_once(checkout: Checkout) -> None:
    await checkout.open_with(rate(per_minor=100, caps={"day": 250}))
    member = await checkout.member()
    receipts = await asyncio.gather(*(checkout.sells(member) for _ in range(10)))
    assert sorted(earned(receipt) for receipt in receipts) == [0] * 7 + [50, 100, 100]
    assert await checkout.balance(member) == 250


async def test_receipt_numbers_that_start_again_are_other_receipts(checkout: Checkout) -> None:
    await checkout.open_with()
    member = await checkout.member()
    sale = {**checkout.sale(member), "receipt": {"number": "0001", "business_date": "2026-03-02"}}
    await done(checkout.client, checkout.till, "purchases", sale)
    await done(checkout.client, await checkout.shop.till(), "purchases", sale)
    tomorrow = {**sale, "receipt": {"number": "0001", "business_date": "2026-03-03"}}
    await done(checkout.client, checkout.till, "purchases", tomorrow)
    assert await checkout.history(member) == [("earned", 100)] * 3


@asynccontextmanager
async def member_locked(checkout: Checkout, member: int, *, giving: int) -> AsyncIterator[None]:
    """Somebody else's work on the member, which has begun and ends with the block."""
    now = checkout.clock()
    async with checkout.services.database.write() as session:
        connection = await driver(session)
        account = await open_account(connection, member, now=now)
        yield
        adjust_up(
            account, Grant("points", giving, now, ExpiryPolicy()), Act(Cause("adjustment", 1), "staff:test", now, now)
        )
        await write_accounts(connection, [account])
        await session.commit()
