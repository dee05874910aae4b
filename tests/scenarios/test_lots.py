"""Lots: what expires when, what is spent first, what waits."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.journeys.tills import line
from tests.programmes import rate
from tests.scenarios.checkout import Checkout, lot, spending
from tests.scenarios.registry import scenario

FIVE_FOR_90_DAYS: dict[str, Any] = {"spending": spending(1), "expiry": {"kind": "days", "count": 90}}
"""With a rule of five points for each 1.00: a point is worth 0.01 and lives 90 days after its own."""
DAY = timedelta(days=1)


@scenario("D01")
async def test_d01_a_spend_is_taken_from_the_lot(checkout: Checkout) -> None:
    await checkout.open_with(rate(points=5, per_minor=100), **FIVE_FOR_90_DAYS)
    member = await checkout.member()
    await checkout.sells(member, line(amount_minor=11_500))
    await checkout.sells_for_points(member, 500, line(amount_minor=500))
    (left,) = (await checkout.wallet(member))["expiring"]
    assert (left["points"], left["last_day"]) == (75, "2026-05-31")


@scenario("D03")
async def test_d03_after_ninety_days_nothing_is_left_and_nothing_is_taken_twice(checkout: Checkout) -> None:
    await checkout.open_with(rate(points=5, per_minor=100), **FIVE_FOR_90_DAYS)
    member = await checkout.member()
    for amount_minor in (11_500, 16_100):
        await checkout.sells(member, line(amount_minor=amount_minor))
        await checkout.sells_for_points(member, 500, line(amount_minor=500))
    assert await checkout.balance(member) == 575 - 500 + 805 - 500
    await checkout.move_to(checkout.clock() + 90 * DAY)
    assert await checkout.balance(member) == 380, "the ninetieth day is the last"
    await checkout.move_to(checkout.clock() + DAY)
    await checkout.run_job("sweep-points")
    wallet = await checkout.wallet(member)
    assert (wallet["balance"], wallet["expiring"]) == (0, [])
    assert sum(row.points for row in await checkout.history(member) if row.kind == "expired") == -380


@scenario("D05")
async def test_d05_what_expires_is_spent_before_what_stays(checkout: Checkout) -> None:
    await checkout.open_with(lot("stays", 100), lot("goes", 100, last_day="2026-12-31"), spending=spending(1))
    member = await checkout.member()
    for sku in ("stays", "goes"):
        await checkout.sells(member, line(sku=sku))
    await checkout.sells_for_points(member, 100, line(amount_minor=100))
    await checkout.move_to(datetime(2027, 1, 2, tzinfo=UTC))
    assert await checkout.available(member) == 100


@scenario("D07")
async def test_d07_a_lot_expires_and_the_other_stays(checkout: Checkout) -> None:
    await checkout.open_with(lot("goes", 100, last_day="2026-03-31"), lot("stays", 40))
    member = await checkout.member()
    await checkout.sells(member, line("a", sku="goes"), line("b", sku="stays"))
    await checkout.move_to(datetime(2026, 4, 1, tzinfo=UTC))
    assert (await checkout.balance(member), await checkout.available(member)) == (40, 40)


@scenario("D09")
async def test_d09_what_expires_by_a_date_is_told_before(checkout: Checkout) -> None:
    checkout.clock.set(datetime(2026, 1, 5, 9, tzinfo=UTC))
    soon, late = lot("soon", 100, last_day="2026-01-31"), lot("late", 200, last_day="2026-05-31")
    await checkout.open_with(soon, late, lot("never", 50))
    member = await checkout.member()
    await checkout.sells(member, line("a", sku="soon"), line("b", sku="late"), line("c", sku="never"))
    expiring = (await checkout.wallet(member))["expiring"]
    for by, points in (("2026-03-01", 100), ("2026-07-01", 300)):
        assert sum(going["points"] for going in expiring if going["expires_at"] < by) == points


@scenario("D11")
async def test_d11_a_lot_that_was_spent_has_nothing_to_expire(checkout: Checkout) -> None:
    await checkout.open_with(lot("beans", 150, last_day="2026-03-31"), spending=spending(1))
    member = await checkout.member()
    await checkout.sells(member, line(sku="beans"))
    await checkout.sells_for_points(member, 150, line(amount_minor=150))
    await checkout.move_to(datetime(2026, 4, 1, tzinfo=UTC))
    await checkout.run_job("sweep-points")
    assert await checkout.balance(member) == 0
    assert await checkout.history(member) == [("earned", 150), ("spent", -150)]


@scenario("D13")
async def test_d13_each_lot_expires_by_an_entry_of_its_own(checkout: Checkout) -> None:
    await checkout.open_with(lot("first", 100, last_day="2026-03-31"), lot("second", 60, last_day="2026-04-01"))
    member = await checkout.member()
    await checkout.sells(member, line("a", sku="first"), line("b", sku="second"))
    await checkout.move_to(datetime(2026, 4, 3, tzinfo=UTC))
    await checkout.run_job("sweep-points")
    assert (await checkout.history(member))[2:] == [("expired", -100), ("expired", -60)]
    assert await checkout.balance(member) == 0


@scenario("D15")
async def test_d15_points_without_an_expiry_stay_for_ten_years(checkout: Checkout) -> None:
    await checkout.open_with(spending=spending(1))
    member = await checkout.member(100)
    await checkout.move_to(datetime(2036, 3, 2, tzinfo=UTC))
    await checkout.run_job("sweep-points")
    assert await checkout.available(member) == 100
    assert await checkout.history(member) == [("adjusted", 100)]


async def expiries(checkout: Checkout, *days: datetime) -> set[str]:
    """When points expire that a member in Moscow earned on these days, as instants in UTC."""
    member = await checkout.member()
    found = set()
    for day in days:
        checkout.clock.set(day)
        await checkout.move_to(day)
        receipt = await checkout.sells(member)
        found |= {group["expires_at"] for group in receipt["earned"]}
    return found


@scenario("D17")
async def test_d17_a_month_from_the_end_of_january_ends_with_february(checkout: Checkout) -> None:
    checkout.clock.set(datetime(2026, 1, 5, tzinfo=UTC))
    await checkout.open_with(expiry={"kind": "months", "count": 1})
    days = [datetime(2026, 1, day, 12, tzinfo=UTC) for day in (29, 30, 31)]
    assert await expiries(checkout, *days) == {"2026-02-28T21:00:00Z"}, "the midnight that ends it in Moscow"


@scenario("D19")
async def test_d19_a_month_rounded_up_ends_with_the_next_month(checkout: Checkout) -> None:
    checkout.clock.set(datetime(2026, 1, 1, tzinfo=UTC))
    await checkout.open_with(expiry={"kind": "end_of_period", "count": 1, "period": "month"})
    days = [datetime(2026, 1, day, 12, tzinfo=UTC) for day in (1, 15, 31)]
    assert await expiries(checkout, *days) == {"2026-02-28T21:00:00Z"}


@scenario("D21")
async def test_d21_half_a_year_after_the_month_of_earning(checkout: Checkout) -> None:
    checkout.clock.set(datetime(2020, 12, 15, 9, tzinfo=UTC))
    await checkout.open_with(expiry={"kind": "end_of_period", "count": 6, "period": "month"})
    earned_on = datetime(2020, 12, 15, 12, tzinfo=UTC)
    assert await expiries(checkout, earned_on) == {"2021-06-30T21:00:00Z"}, "the first of July begins in Moscow"


@scenario("D23")
async def test_d23_pending_points_wait_and_live_from_their_activation(checkout: Checkout) -> None:
    pending: dict[str, Any] = {"pending": {"kind": "days", "days": 14}, "expiry": {"kind": "days", "count": 30}}
    await checkout.open_with(rate(points=1, per_minor=100), spending=spending(1), **pending)
    member = await checkout.member()
    (waiting,) = (await checkout.sells(member))["earned"]
    assert (waiting["pending"], waiting["expires_at"]) == (True, None)
    active = datetime.fromisoformat(waiting["available_from"])
    available = []
    for instant in (active - DAY, active, active + 30 * DAY, active + 31 * DAY):
        await checkout.move_to(instant)
        available.append(await checkout.available(member))
    assert available == [0, 100, 100, 0]
