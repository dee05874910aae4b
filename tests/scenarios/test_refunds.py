"""Goods come back: what is taken, what may be owed, what the history says."""

from tests.journeys.tills import done, line, send
from tests.programmes import POINTS, rate
from tests.scenarios.checkout import Answer, Checkout, spending
from tests.scenarios.registry import scenario


async def spent_after_earning(checkout: Checkout, *, earned: int, spent: int) -> tuple[int, Answer]:
    """A member who earned points by a sale and spent some of them; with the sale's receipt."""
    member = await checkout.member()
    receipt = await checkout.sells(member, line("a", earned * 100, quantity="2"))
    await checkout.sells_for_points(member, spent, line(amount_minor=spent))
    return member, receipt


@scenario("E01")
async def test_e01_a_full_refund_takes_everything_back(checkout: Checkout) -> None:
    await checkout.open_with()
    member = await checkout.member()
    await checkout.refunds(await checkout.sells(member, line(amount_minor=15_000)))
    assert await checkout.balance(member) == 0
    assert await checkout.history(member) == [("earned", 150), ("clawed_back", -150)]


@scenario("E03", differs="the 150 stand in two entries, 50 taken and 100 owed; the balance is -100 all the same")
async def test_e03_spent_points_are_owed_after_a_refund(checkout: Checkout) -> None:
    await checkout.open_with(spending=spending(1))
    member, receipt = await spent_after_earning(checkout, earned=150, spent=100)
    refund = await checkout.refunds(receipt)
    assert [(effect["taken"], effect["owed"]) for effect in refund["effects"]] == [(150, 100)]
    assert (await checkout.history(member))[-2:] == [("clawed_back", -50), ("clawed_back", -100)]
    assert await checkout.balance(member) == -100


@scenario(
    "E05", differs="a refund names goods, never points: more than was bought is refused, not cut to what is there"
)
async def test_e05_no_refund_takes_more_than_its_sale_earned(checkout: Checkout) -> None:
    await checkout.open_with()
    member = await checkout.member(1_000)
    receipt = await checkout.sells(member, line("a", 15_000))
    refused = await send(checkout.client, checkout.till, "refunds", checkout.refund(receipt, a="9999"))
    assert (refused.status_code, refused.json()["code"]) == (422, "refund_above_purchase")
    refund = await checkout.refunds(receipt)
    assert [effect["taken"] for effect in refund["effects"]] == [150]
    assert await checkout.balance(member) == 1_000


@scenario("E07", differs="pending points are taken first under every policy; none takes pending points alone")
async def test_e07_a_shortfall_follows_the_wallets_policy(checkout: Checkout) -> None:
    balances = {}
    for policy in ("debt", "clamp"):
        await checkout.open_with(spending=spending(1), wallets=[{**POINTS, "debt": policy}])
        member, receipt = await spent_after_earning(checkout, earned=150, spent=100)
        await checkout.refunds(receipt, a="1")
        balances[policy] = await checkout.balance(member)
    assert balances == {"debt": 150 - 100 - 75, "clamp": 0}

    waits = {"kind": "days", "days": 14}
    rules = rate("now", points=1), rate("later", points=1, pending=waits)
    await checkout.open_with(*rules, spending=spending(1))
    member = await checkout.member()
    receipt = await checkout.sells(member, line("a", 2_000, quantity="2"))
    await checkout.refunds(receipt, a="1")
    assert (await checkout.balance(member), await checkout.available(member)) == (20, 20)


@scenario("E09")
async def test_e09_a_balance_below_zero_is_shown_as_it_is(checkout: Checkout) -> None:
    await checkout.open_with(spending=spending(1))
    member, receipt = await spent_after_earning(checkout, earned=150, spent=100)
    refund = await checkout.refunds(receipt)
    assert refund["balances"] == [{"wallet": "points", "balance": -100}]
    wallet = await checkout.wallet(member)
    assert (wallet["balance"], wallet["available"], wallet["debt"]) == (-100, 0, 100)
    later = await checkout.sells(member, line(amount_minor=3_000))
    assert later["balances"] == [{"wallet": "points", "balance": -70}]
    assert await checkout.available(member) == 0


@scenario("E11")
async def test_e11_the_history_has_a_line_for_the_sale_and_one_for_its_cancellation(checkout: Checkout) -> None:
    await checkout.open_with()
    member = await checkout.member()
    receipt = await checkout.sells(member)
    assert await checkout.history(member) == [("earned", 100)]
    await done(checkout.client, checkout.till, "voids", {"receipt": receipt["receipt"]})
    assert await checkout.history(member) == [("earned", 100), ("clawed_back", -100)]


@scenario(
    "E13", differs="it takes nothing, and it is kept for the sale, which may still come from a till without a line"
)
async def test_e13_a_refund_of_an_unknown_sale_takes_nothing_and_waits(checkout: Checkout) -> None:
    await checkout.open_with()
    member = await checkout.member(1_000)
    sale = checkout.sale(member)
    refund = {**checkout.refund({"id": "-"}), "original": {"receipt": sale["receipt"]}}
    assert (await done(checkout.client, checkout.till, "refunds", refund))["kind"] == "waiting"
    assert await checkout.history(member) == [("adjusted", 1_000)]
    await done(checkout.client, checkout.till, "purchases", sale)
    assert await checkout.balance(member) == 1_000
