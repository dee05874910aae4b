"""Tiers: reached by the purchase itself, progress, what takes them and when."""

from datetime import UTC, datetime
from typing import Any

from tests.journeys.tills import fetch, line
from tests.programmes import rate
from tests.scenarios.checkout import Checkout
from tests.scenarios.registry import scenario

TO_CENTS = 100


def tier(code: str, **thresholds: int) -> dict[str, Any]:
    return {"code": code, "names": {"en": code}} | ({"thresholds": thresholds} if thresholds else {})


METALS = [
    tier("bronze"),
    tier("silver", spend_minor=10_000 * TO_CENTS),
    tier("gold", spend_minor=20_000 * TO_CENTS),
]


async def tier_after(checkout: Checkout, *spent: int) -> str:
    """The tier of a new member after purchases of these amounts, each of which is more than nothing."""
    await checkout.open_with(rate(points=1, per_minor=100_000), tiers=METALS)
    member = await checkout.member()
    for amount in spent:
        if amount:
            await checkout.sells(member, line(amount_minor=amount * TO_CENTS))
    code: str = (await checkout.tier(member))["tier"]["code"]
    return code


@scenario("F01")
async def test_f01_six_thousand_are_bronze(checkout: Checkout) -> None:
    assert await tier_after(checkout, 0, 6_000) == "bronze"


@scenario("F02")
async def test_f02_fifteen_thousand_are_silver(checkout: Checkout) -> None:
    assert await tier_after(checkout, 0, 15_000) == "silver"


@scenario("F03")
async def test_f03_twenty_five_thousand_are_gold(checkout: Checkout) -> None:
    assert await tier_after(checkout, 0, 25_000) == "gold"


@scenario("F04")
async def test_f04_four_and_a_half_thousand_are_bronze(checkout: Checkout) -> None:
    assert await tier_after(checkout, 4_000, 500) == "bronze"


@scenario("F05")
async def test_f05_the_purchase_that_reaches_silver_counts(checkout: Checkout) -> None:
    assert await tier_after(checkout, 8_000, 3_000) == "silver"


@scenario("F06")
async def test_f06_the_purchase_that_reaches_gold_counts(checkout: Checkout) -> None:
    assert await tier_after(checkout, 18_000, 3_000) == "gold"


@scenario("F07")
async def test_f07_gold_stays_gold(checkout: Checkout) -> None:
    assert await tier_after(checkout, 22_000, 5_000) == "gold"


@scenario("F09")
async def test_f09_half_of_the_way_to_the_next_tier(checkout: Checkout) -> None:
    levels = [tier("one"), tier("two", points=500), tier("three", points=2_000), tier("four", points=5_000)]
    await checkout.open_with(rate(points=1, per_minor=100), tiers=levels)
    member = await checkout.member()
    await checkout.sells(member, line(amount_minor=25_000))
    ahead = (await checkout.tier(member))["next"]
    assert (ahead["tier"]["code"], ahead["percent"]) == ("two", 50)
    assert [(step["reached"], step["missing"]) for step in ahead["measures"]] == [(250, 250)]


@scenario("F11")
async def test_f11_points_that_are_deducted_take_the_tier_where_it_can_be_lost(checkout: Checkout) -> None:
    levels = [tier("one"), tier("two", points=500)]
    found = {}
    for downgrade in ("never", "to_what_is_reached"):
        settings = {"adjustments_count": True, "downgrade": downgrade}
        await checkout.open_with(rate(), tiers=levels, tier_settings=settings)
        member = await checkout.member(points=600)
        await checkout.run_job("place-members-in-tiers")
        await checkout.move_to(datetime(2026, 3, 4 if downgrade == "never" else 6, tzinfo=UTC))
        await checkout.give(member, -200)
        await checkout.run_job("sweep-tiers")
        drops = f"SELECT 1 FROM tier_change WHERE member_id = {member} AND to_tier = 'one' AND from_tier = 'two'"  # noqa: S608
        found[downgrade] = ((await checkout.tier(member))["tier"]["code"], len(await fetch(checkout.services, drops)))
    assert found == {"never": ("two", 0), "to_what_is_reached": ("one", 1)}


@scenario("F13")
async def test_f13_a_tier_ends_with_the_month_with_the_next_or_some_days_later(checkout: Checkout) -> None:
    ends = []
    for settings in (
        {"retention": {"kind": "end_of_period", "period": "month"}},
        {"retention": {"kind": "end_of_period", "period": "month", "count": 1}},
        {"retention": {"kind": "end_of_period", "period": "month"}, "grace_days": 7},
    ):
        window = {"window": {"kind": "days", "count": 10}}
        await checkout.open_with(rate(), zone="Europe/Moscow", tiers=METALS, tier_settings=window | settings)
        member = await checkout.member()
        await checkout.move_to(datetime(2026, 3, 10, 9, tzinfo=UTC))
        await checkout.sells(member, line(amount_minor=10_000 * TO_CENTS))
        ends.append((await checkout.tier(member))["retained_until"])
    assert ends == ["2026-03-31T21:00:00Z", "2026-04-30T21:00:00Z", "2026-04-07T21:00:00Z"], "the last day is whole"
