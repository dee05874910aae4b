"""What points buy: issued once, locked until it is used, taken off exactly, and final when it was used."""

from typing import Any

from tests.journeys.counter import STAMPS, discount, reward
from tests.journeys.tills import done, line, send
from tests.programmes import POINTS, fixed
from tests.scenarios.checkout import Answer, Checkout, earned
from tests.scenarios.registry import scenario


def automatic(points: int, wallet: str = "points", **more: Any) -> dict[str, Any]:
    """A discount that is issued as soon as it can be paid."""
    prices = [{"points": points, "wallet": wallet}]
    return discount("automatic", 0, prices=prices, auto_issue=True, **more)


def minor_off(priced: Answer) -> list[int]:
    """What each reward of a quote takes off."""
    return [each["discount_minor"] for each in priced["redemptions"]]


@scenario("B03")
async def test_b03_two_rewards_of_half_a_point_use_one_point_up(checkout: Checkout) -> None:
    tenths = [{**POINTS, "exponent": 1}]
    await checkout.open_with(wallets=tenths, rewards=[discount("first", 5), discount("second", 5)])
    member = await checkout.member(10)
    codes = [(await checkout.redeems(member, name))["code"] for name in ("first", "second")]
    assert minor_off(await checkout.quotes(member, line(amount_minor=10_000), redemptions=codes)) == [1_000, 900]
    sold = line(amount_minor=10_000, discount_minor=1_900)
    await checkout.sells(member, sold, redemptions=codes)
    assert [each["state"] for each in await checkout.redemptions(member)] == ["used", "used"]
    assert await checkout.history(member) == [("adjusted", 10), ("spent", -5), ("spent", -5), ("earned", 81)]


@scenario("B05")
async def test_b05_an_archived_reward_is_hidden_until_it_is_one_again(checkout: Checkout) -> None:
    member = 0
    for archived, shown in ((True, []), (False, ["mug"]), (True, [])):
        await checkout.open_with(rewards=[reward("mug", 1, archived=archived)])
        member = member or await checkout.member(10)
        assert [each["reward"] for each in await checkout.rewards(member)] == shown


@scenario("B25")
async def test_b25_an_issued_rewards_points_are_locked(checkout: Checkout) -> None:
    await checkout.open_with(rewards=[discount("tenth", 10)])
    member = await checkout.member(10)
    assert (await checkout.redeems(member, "tenth"))["state"] == "issued"
    wallet = await checkout.wallet(member)
    assert (wallet["balance"], wallet["available"], wallet["held"]) == (10, 0, 10)
    assert (await checkout.is_refused(member, "tenth"))[0]["code"] == "insufficient_points"


@scenario("B27")
async def test_b27_a_used_reward_is_final(checkout: Checkout) -> None:
    await checkout.open_with(rewards=[discount("tenth", 10)])
    member = await checkout.member(10)
    issued = await checkout.redeems(member, "tenth")
    await checkout.sells(member, line(amount_minor=100, discount_minor=10), redemptions=[issued["code"]])
    refused = await checkout.gives_back(member, issued)
    assert (refused["status"], refused["redemption_state"]) == (409, "used")


@scenario("B29")
async def test_b29_there_is_a_reward_for_each_full_price_and_the_rest_is_kept(checkout: Checkout) -> None:
    await checkout.open_with(rewards=[automatic(125)])
    for points, rewards, rest in ((465, 3, 90), (542, 4, 42)):
        member = await checkout.member(points)
        await checkout.delivers()
        assert len(await checkout.redemptions(member)) == rewards
        assert await checkout.available(member) == rest


@scenario("B39")
async def test_b39_the_number_of_a_card_is_no_code_of_a_reward(checkout: Checkout) -> None:
    await checkout.open_with(rewards=[discount("tenth", 10)])
    member = await checkout.member(10)
    await checkout.redeems(member, "tenth")
    for typed in ("290000000017", "CB1.1-FJ.12345678"):
        refused = await send(checkout.client, checkout.till, "redemptions", {"code": typed})
        assert refused.status_code in (404, 422), refused.text
    quote = await checkout.quotes(member, line(amount_minor=100), redemptions=["290000000017"])
    assert (quote["redemptions"][0]["reason"], quote["to_pay_minor"]) == ("unknown", 100)


@scenario(
    "B41", differs="a reward is paid with points that are there before the sale; those of the sale itself are not"
)
async def test_b41_the_free_unit_earns_nothing(checkout: Checkout) -> None:
    per_unit = {"code": "unit", "names": {"en": "unit"}, "formula": {"kind": "per_item", "points": 1}}
    await checkout.open_with(per_unit, rewards=[reward("free", 4, kind="free_item")])
    member = await checkout.member()
    for units, balance in (("2", 2), ("2", 4)):
        await checkout.sells(member, line(amount_minor=320 * int(units), quantity=units))
        assert await checkout.balance(member) == balance
    issued = await checkout.redeems(member, "free")
    paid, free = line("paid", 640, quantity="2"), line("free", 320, discount_minor=320)
    assert earned(await checkout.sells(member, paid, free, redemptions=[issued["code"]])) == 2
    await checkout.sells(member, line(amount_minor=1_280, quantity="4"))
    assert await checkout.balance(member) == 2 + 4


@scenario(
    "B45",
    differs="a basket's own points pay for no reward of it; what a reward asks of it is told by each quote anew",
)
async def test_b45_a_smaller_basket_loses_the_reward_at_the_next_quote(checkout: Checkout) -> None:
    await checkout.open_with(rewards=[discount("tenth", 1, effect={"minimum_basket_minor": 1_000})])
    member = await checkout.member(1)
    code = (await checkout.redeems(member, "tenth"))["code"]
    for amount_minor, off, reason in ((1_000, 100, ""), (900, 0, "below_minimum_basket"), (1_000, 100, "")):
        quote = await checkout.quotes(member, line(amount_minor=amount_minor), redemptions=[code])
        (taken,) = quote["redemptions"]
        assert (taken["discount_minor"], taken["reason"]) == (off, reason)
        assert quote["to_pay_minor"] == amount_minor - off


async def _off(checkout: Checkout, sold: Answer, **effect: Any) -> tuple[int, int]:
    """What a reward takes off one line, and what is left to pay."""
    kind = effect.pop("kind", "percent_discount")
    await checkout.open_with(rewards=[reward("off", 1, kind=kind, effect=effect)])
    member = await checkout.member(1)
    code = (await checkout.redeems(member, "off"))["code"]
    first, again = [await checkout.quotes(member, sold, redemptions=[code]) for _ in range(2)]
    assert first["redemptions"] == again["redemptions"]
    return minor_off(first)[0], first["to_pay_minor"]


@scenario("C03")
async def test_c03_a_percentage_stops_at_its_maximum(checkout: Checkout) -> None:
    taxed = line(amount_minor=12_000, tax_minor=2_000)
    assert await _off(checkout, taxed, share_bp=1_000, maximum_minor=900) == (900, 11_100)


@scenario("C05")
async def test_c05_a_percentage_is_of_the_price_with_its_tax(checkout: Checkout) -> None:
    taxed = line(amount_minor=6_000, tax_minor=1_000)
    assert await _off(checkout, taxed, share_bp=1_000, maximum_minor=900) == (600, 5_400)


@scenario("C11")
async def test_c11_a_fixed_amount_is_taken_off_and_stays(checkout: Checkout) -> None:
    assert await _off(checkout, line(amount_minor=16_500), kind="amount_discount", amount_minor=10_000) == (
        10_000,
        6_500,
    )


@scenario("C15")
async def test_c15_the_only_piece_is_for_one_member(checkout: Checkout) -> None:
    await checkout.open_with(rewards=[discount("once", 0, stock=1)])
    first, second = await checkout.member(), await checkout.member()
    code = (await checkout.redeems(first, "once"))["code"]
    await checkout.sells(first, line(amount_minor=100, discount_minor=10), redemptions=[code])
    assert await checkout.is_refused(second, "once") == [{"code": "out_of_stock"}]


@scenario("C17")
async def test_c17_a_discount_for_the_next_order_is_there_once_when_this_one_is_done(checkout: Checkout) -> None:
    per_unit = {"code": "unit", "names": {"en": "unit"}, "formula": {"kind": "per_item", "points": 1}}
    rule = {**per_unit, "wallet": "stamps"}
    await checkout.open_with(rule, wallets=[POINTS, STAMPS], rewards=[automatic(2, "stamps")])
    member = await checkout.member()
    for units in (1, 2, 1, 2):
        await checkout.quotes(member, line(amount_minor=100 * units, quantity=str(units)))
        await checkout.delivers()
        assert await checkout.redemptions(member) == []
    order = checkout.sale(member, line(amount_minor=200, quantity="2"))
    for _ in range(2):
        await done(checkout.client, checkout.till, "purchases", order)
        await checkout.delivers()
    assert [each["state"] for each in await checkout.redemptions(member)] == ["issued"]


@scenario(
    "D25", differs="a tier counts what was earned and not what is left, so that rewards that issue themselves cost none"
)
async def test_d25_points_that_are_redeemed_by_themselves_reach_the_tier_all_the_same(checkout: Checkout) -> None:
    tiers = [
        {"code": "guest", "names": {"en": "Guest"}},
        {"code": "gold", "names": {"en": "Gold"}, "thresholds": {"points": 100}},
    ]
    await checkout.open_with(fixed("all", 1_100), tiers=tiers, rewards=[automatic(100, limits={"day": 10})])
    member = await checkout.member()
    await checkout.sells(member, line(amount_minor=100))
    await checkout.delivers()
    assert len(await checkout.redemptions(member)) == 10, "ten a day"
    assert await checkout.available(member) == 100
    assert (await checkout.tier(member))["tier"]["code"] == "gold"
