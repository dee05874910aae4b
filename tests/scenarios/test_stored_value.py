"""Stored value and gift cards kept as a wallet whose unit is the smallest coin: topped up, spent, given back."""

from typing import Any

from tests.journeys.tills import line
from tests.programmes import rate
from tests.scenarios.checkout import Checkout, spending
from tests.scenarios.registry import scenario

AS_MONEY: dict[str, Any] = {"spending": spending(1, mode="payment", excluded={"skus": ["top-up"]})}
"""A point is worth one minor unit and pays like money; a top-up itself cannot be paid with it."""
TOP_UP = rate("top-up", points=1, per_minor=1, lines={"skus": ["top-up"]}, base={"gift_cards_earn": True})
"""Selling a top-up fills the wallet by its price; nothing else earns."""


def top_up(amount_minor: int) -> dict[str, Any]:
    return line("top-up", amount_minor, sku="top-up", kind="gift_card")


@scenario("B31")
async def test_b31_two_wallets_are_topped_up_spent_and_given_back(checkout: Checkout) -> None:
    await checkout.open_with(TOP_UP, **AS_MONEY)
    spender, saver = await checkout.member(), await checkout.member()
    await checkout.sells(spender, top_up(5_000))
    await checkout.sells(saver, top_up(1_000))
    await checkout.sells_for_points(spender, 5_000, line(amount_minor=5_000))
    await checkout.give(saver, 1_000)
    assert (await checkout.balance(spender), await checkout.balance(saver)) == (0, 2_000)


@scenario("B33")
async def test_b33_a_card_below_the_price_is_used_up(checkout: Checkout) -> None:
    await checkout.open_with(TOP_UP, **AS_MONEY)
    member = await checkout.member(10_000)
    receipt = await checkout.sells_for_points(member, 10_000, line(amount_minor=11_500))
    assert (receipt["to_pay_minor"], await checkout.balance(member)) == (1_500, 0)


@scenario("B35")
async def test_b35_two_cards_pay_one_order(checkout: Checkout) -> None:
    await checkout.open_with(TOP_UP, **AS_MONEY)
    member = await checkout.member()
    for _ in range(2):
        await checkout.give(member, 10_000)
    receipt = await checkout.sells_for_points(member, 20_000, line(amount_minor=230_000))
    assert (receipt["to_pay_minor"], await checkout.balance(member)) == (210_000, 0)


@scenario("B37")
async def test_b37_a_top_up_cannot_be_spent_in_its_own_order(checkout: Checkout) -> None:
    await checkout.open_with(TOP_UP, **AS_MONEY)
    member = await checkout.member(1_000)
    goods = line("product", 10_000), top_up(5_000)
    quote = await checkout.quotes(member, *goods)
    assert quote["spend"]["max_points"] == 1_000
    await checkout.sells_for_points(member, 1_000, *goods)
    assert await checkout.balance(member) == 5_000
