"""A tier is reached, kept, lost by refund and by time; spending takes nothing; two tills at once make one change."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.programmes import refresh_programmes
from api.services import Services
from loyalty.members.ids import member_public_id
from loyalty.programme.decoding import encode_programme
from loyalty.programme.publishing import publish_programme
from loyalty.tiers.sweeping import place_members, sweep_tiers
from tests.clocks import MovableClock
from tests.journeys.tills import fetch, line, send
from tests.programmes import POINTS, forget_latest, programme, publish, rate
from tests.scenarios.checkout import Checkout, earned, spending
from tests.shop import Shop
from tests.verified import assert_verified

TIERS: list[dict[str, Any]] = [
    {"code": "bronze", "names": {"en": "Bronze"}},
    {
        "code": "silver",
        "names": {"en": "Silver"},
        "multiplier": "2",
        "thresholds": {"spend_minor": 10_000},
        "entry_bonus": {"points": 50},
    },
    {"code": "gold", "names": {"en": "Gold"}, "multiplier": "3", "thresholds": {"spend_minor": 20_000}},
]
MONTHS: dict[str, Any] = {"window": {"kind": "calendar", "period": "month"}, "warning_days": 5}
EASIER = programme(
    rate(),
    tiers=[
        TIERS[0],
        TIERS[1] | {"thresholds": {"spend_minor": 5_000}},
        TIERS[2] | {"thresholds": {"spend_minor": 9_000}},
    ],
    tier_settings=MONTHS,
)
APRIL = datetime(2026, 3, 31, 21, tzinfo=UTC)
"""The first instant of April in Moscow."""


@pytest.fixture
async def checkout(services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock) -> Checkout:
    made = Checkout(services, client, shop, clock)
    await made.open_with(rate(), tiers=TIERS, tier_settings=MONTHS, spending=spending(1))
    return made


async def changes(checkout: Checkout) -> list[tuple[Any, ...]]:
    return await fetch(
        checkout.services, "SELECT from_tier, to_tier, cause_kind FROM tier_change ORDER BY member_id, change_no"
    )


async def events(checkout: Checkout, kind: str) -> int:
    rows = await fetch(checkout.services, f"SELECT count(*) FROM outbox_event WHERE type = '{kind}'")  # noqa: S608
    return int(rows[0][0])


async def code(checkout: Checkout, member_id: int) -> str:
    found: str = (await checkout.tier(member_id))["tier"]["code"]
    return found


async def sweep(checkout: Checkout) -> int:
    async with checkout.services.database.write() as session:
        swept = await sweep_tiers(session, now=checkout.clock(), limit=100)
        await session.commit()
    return swept


async def test_the_purchase_itself_counts_and_is_multiplied_by_the_tier_before_it(checkout: Checkout) -> None:
    member = await checkout.member()
    first = await checkout.sells(member, line(amount_minor=10_000))
    assert earned(first) == 100
    assert earned(await checkout.sells(member, line(amount_minor=1_000))) == 20
    assert await checkout.balance(member) == 100 + 50 + 20
    assert await changes(checkout) == [(None, "bronze", "enrolment"), ("bronze", "silver", "purchase")]
    assert await events(checkout, "tier_changed") == 2


async def test_a_refund_takes_the_tier_back_with_its_bonus_and_reaching_it_again_pays_again(checkout: Checkout) -> None:
    member = await checkout.member()
    receipt = await checkout.sells(member, line(amount_minor=10_000))
    await checkout.refunds(receipt)
    assert await code(checkout, member) == "bronze"
    assert await checkout.balance(member) == 0, "who buys, refunds and keeps nothing has nothing"
    await checkout.sells(member, line(amount_minor=10_000))
    assert await code(checkout, member) == "silver"
    assert await checkout.balance(member) == 150
    assert [cause for _, _, cause in await changes(checkout)] == ["enrolment", "purchase", "refund", "purchase"]


async def test_a_refund_of_a_part_keeps_the_tier_while_enough_is_left(checkout: Checkout) -> None:
    member = await checkout.member()
    receipt = await checkout.sells(member, line("a", 10_000), line("b", 10_000))
    assert await code(checkout, member) == "gold"
    await checkout.refunds(receipt, a="1")
    assert await code(checkout, member) == "silver"
    await checkout.refunds(receipt, b="1")
    assert await code(checkout, member) == "bronze"


async def test_spending_points_never_demotes(checkout: Checkout) -> None:
    member = await checkout.member()
    await checkout.sells(member, line(amount_minor=20_000))
    points = await checkout.available(member)
    await checkout.sells_for_points(member, points, line(amount_minor=points))
    assert await checkout.balance(member) >= 0
    assert await code(checkout, member) == "gold"


async def test_time_takes_a_tier_at_its_instant_whoever_looks_and_whenever(checkout: Checkout) -> None:
    seen, unseen, swept = [await checkout.member() for _ in range(3)]
    for member in (seen, unseen, swept):
        await checkout.sells(member, line(amount_minor=10_000))
    before = await checkout.tier(seen)
    assert (before["retained_until"], before["falls_to"]) == ("2026-03-31T21:00:00Z", "bronze")
    await checkout.move_to(APRIL - timedelta(microseconds=1))
    assert await code(checkout, seen) == "silver"
    await checkout.move_to(APRIL)
    looked = await checkout.tier(seen)
    assert (looked["tier"]["code"], looked["history"][0]["at"]) == ("bronze", "2026-03-31T21:00:00Z")
    assert earned(await checkout.sells(unseen, line(amount_minor=1_000))) == 10, "not multiplied any more"
    await checkout.move_to(APRIL + timedelta(days=3))
    assert await sweep(checkout) == 2
    assert await sweep(checkout) == 0
    assert await sweep(checkout) == 0
    stories = [(await checkout.tier(member))["history"] for member in (seen, unseen, swept)]
    assert stories[0] == stories[1] == stories[2]
    assert await events(checkout, "tier_changed") == 9


async def test_a_fall_is_warned_of_once(checkout: Checkout) -> None:
    member = await checkout.member()
    await checkout.sells(member, line(amount_minor=10_000))
    assert not (await checkout.tier(member))["at_risk"]
    await checkout.move_to(APRIL - timedelta(days=5))
    for _ in range(3):
        await sweep(checkout)
    assert await events(checkout, "tier_at_risk") == 1
    assert (await checkout.tier(member))["at_risk"]
    await checkout.sells(member, line(amount_minor=100))
    await sweep(checkout)
    assert await events(checkout, "tier_at_risk") == 1


async def test_two_tills_at_once_make_one_change_and_one_bonus(checkout: Checkout) -> None:
    member = await checkout.member()
    bodies = [checkout.sale(member, line(amount_minor=5_000)) for _ in range(12)]
    answers = await asyncio.gather(*(send(checkout.client, checkout.till, "purchases", body) for body in bodies))
    assert {answer.status_code for answer in answers} == {201}
    ups = [change for change in await changes(checkout) if change[1] != "bronze"]
    assert ups == [("bronze", "silver", "purchase"), ("silver", "gold", "purchase")]
    assert await fetch(checkout.services, "SELECT tier, points FROM tier_bonus") == [("silver", 50)]


async def test_a_late_receipt_counts_in_its_own_period(checkout: Checkout) -> None:
    member = await checkout.member()
    await checkout.move_to(APRIL + timedelta(days=1))
    late = checkout.sale(member, line(amount_minor=10_000)) | {"occurred_at": "2026-03-20T09:00:00Z"}
    answer = await send(checkout.client, checkout.till, "purchases", late)
    assert answer.status_code == 201, answer.text
    assert await code(checkout, member) == "bronze", "March is over"
    await checkout.sells(member, line(amount_minor=9_999))
    assert await code(checkout, member) == "bronze"
    await checkout.sells(member, line(amount_minor=1))
    assert await code(checkout, member) == "silver"


async def test_what_both_bought_counts_for_the_survivor(checkout: Checkout) -> None:
    source, target = await checkout.member(), await checkout.member()
    receipt = await checkout.sells(source, line(amount_minor=6_000))
    await checkout.sells(target, line(amount_minor=6_000))
    await checkout.merge(source, target)
    assert await code(checkout, target) == "silver"
    assert earned(await checkout.sells(target, line(amount_minor=1_000))) == 20
    await checkout.refunds(receipt)
    assert await code(checkout, target) == "bronze"


async def test_both_bonuses_of_a_merge_are_taken_back_with_the_tier_and_one_is_paid_again(checkout: Checkout) -> None:
    source, target = await checkout.member(), await checkout.member()
    receipts = [await checkout.sells(member, line(amount_minor=10_000)) for member in (source, target)]
    await checkout.merge(source, target)
    assert await checkout.balance(target) == 2 * (100 + 50)
    for receipt in receipts:
        await checkout.refunds(receipt)
    assert await checkout.balance(target) == 0
    await checkout.sells(target, line(amount_minor=10_000))
    assert await checkout.balance(target) == 100 + 50
    await assert_verified(checkout.services)


async def test_a_bonus_that_only_the_other_one_of_a_merge_kept_is_not_paid_again(checkout: Checkout) -> None:
    source, target = await checkout.member(), await checkout.member()
    await checkout.sells(source, line(amount_minor=10_000))
    await checkout.refunds(await checkout.sells(target, line(amount_minor=10_000)))
    await checkout.merge(source, target)
    assert await code(checkout, target) == "silver"
    assert await checkout.balance(target) == 100 + 50
    assert await fetch(checkout.services, "SELECT points, taken_back_at FROM tier_bonus") == [(50, None)]


@pytest.mark.parametrize("policy", ["clamp", "write_off"])
async def test_a_bonus_that_was_spent_before_the_refund_is_not_paid_again(checkout: Checkout, policy: str) -> None:
    document = programme(
        rate(), tiers=TIERS, tier_settings=MONTHS, spending=spending(1), wallets=[POINTS | {"debt": policy}]
    )
    await publish(checkout.services, document)
    member = await checkout.member()
    receipt = await checkout.sells(member, line(amount_minor=10_000))
    await checkout.sells_for_points(member, 150, line(amount_minor=150))
    await checkout.refunds(receipt)
    assert await checkout.balance(member) == 0
    await checkout.sells(member, line(amount_minor=10_000))
    assert (await code(checkout, member), await checkout.balance(member)) == ("silver", 100)
    await assert_verified(checkout.services)


async def test_a_server_that_has_not_heard_of_the_latest_version_moves_nobody_back(checkout: Checkout) -> None:
    member = await checkout.member()
    await checkout.sells(member, line(amount_minor=5_000))
    await publish(checkout.services, EASIER)
    await checkout.sells(member, line(amount_minor=100))
    after = [(None, "bronze", "enrolment"), ("bronze", "silver", "publish")]
    assert await changes(checkout) == after
    forget_latest(checkout.services)
    assert await code(checkout, member) == "silver"
    await checkout.sells(member, line(amount_minor=100))
    await checkout.sells(member, line(amount_minor=3_800))
    assert await code(checkout, member) == "gold", "by the later version, whoever sells"
    await sweep(checkout)
    assert await changes(checkout) == [*after, ("silver", "gold", "purchase")]


async def test_what_is_sold_by_a_server_that_knows_of_no_tiers_yet_counts_for_who_has_one(checkout: Checkout) -> None:
    await publish(checkout.services, programme(rate()))
    member, idle = await checkout.member(), await checkout.member()
    await publish(checkout.services, EASIER)
    await checkout.sells(member, line(amount_minor=3_000))
    forget_latest(checkout.services)
    for buyer in (member, idle):
        await checkout.sells(buyer, line(amount_minor=2_000))
    assert await code(checkout, member) == "silver"
    await refresh_programmes(checkout.services)
    assert await code(checkout, member) == "silver"
    await assert_verified(checkout.services)


async def test_a_scheduled_version_that_another_clock_has_begun_already_is_gone_back_behind_by_nobody(
    checkout: Checkout,
) -> None:
    member, begins = await checkout.member(), checkout.clock() + timedelta(days=1)
    await checkout.sells(member, line(amount_minor=5_000))
    async with checkout.services.database.write() as session:
        await publish_programme(
            session, EASIER, starts_at=begins, published_by="staff:test", note="later", now=checkout.clock()
        )
        await session.commit()
    await publish(checkout.services, programme(rate(), tiers=TIERS, tier_settings=MONTHS))
    await checkout.move_to(begins)
    assert await code(checkout, member) == "silver", "the second version begins after the third"
    await checkout.sells(member, line(amount_minor=100))
    checkout.clock.set(begins - timedelta(seconds=1))
    assert await sweep(checkout) == 0, "a clock that is behind leaves it alone"
    await checkout.sells(member, line(amount_minor=100))
    assert await changes(checkout) == [(None, "bronze", "enrolment"), ("bronze", "silver", "publish")]


async def test_an_erased_member_stands_nowhere(checkout: Checkout) -> None:
    member = await checkout.member()
    await checkout.sells(member, line(amount_minor=10_000))
    headers = await checkout.shop.staff("owner")
    erased = await checkout.client.request(
        "POST", f"/v1/admin/members/{member_public_id(member)}/erasures", json={"reason": "asked"}, headers=headers
    )
    assert erased.is_success, erased.text
    assert await fetch(checkout.services, "SELECT 1 FROM tier_standing UNION ALL SELECT 2 FROM tier_day") == []
    await checkout.sells(member, line(amount_minor=10_000))
    assert await fetch(checkout.services, "SELECT tier FROM member") == [(None,)]


async def test_other_tiers_move_members_when_they_are_looked_at(checkout: Checkout) -> None:
    bought, idle = await checkout.member(), await checkout.member()
    await checkout.sells(bought, line(amount_minor=10_000))
    headers = await checkout.shop.staff("owner")
    preview = await preview_of(checkout, headers, EASIER)
    assert (preview["members"], preview["members_examined"], preview["one_in"]) == (2, 2, 1)
    assert {(move["from_tier"], move["to_tier"], move["members"]) for move in preview["moves"]} == {
        ("silver", "gold", 1),
        ("bronze", "bronze", 1),
    }
    await publish(checkout.services, EASIER)
    assert await code(checkout, bought) == "gold"
    async with checkout.services.database.write() as session:
        assert (await place_members(session, now=checkout.clock(), limit=10, after=0)).handled == 1
        assert (await place_members(session, now=checkout.clock(), limit=10, after=0)).handled == 0
        await session.commit()
    assert await sweep(checkout) == 1
    assert await code(checkout, idle) == "bronze"
    assert ("silver", "gold", "publish") in await changes(checkout)


async def test_what_was_bought_without_tiers_counts_when_there_are_some(checkout: Checkout) -> None:
    await publish(checkout.services, programme(rate()))
    member = await checkout.member()
    receipt = await checkout.sells(member, line("a", 10_000), line("b", 10_000))
    await checkout.refunds(receipt, a="1")
    assert await fetch(checkout.services, "SELECT 1 FROM tier_day") == [], "nothing is counted for nobody"
    headers = await checkout.shop.staff("owner")
    draft = programme(rate(), tiers=TIERS, tier_settings=MONTHS)
    moves = (await preview_of(checkout, headers, draft))["moves"]
    assert moves == [{"from_tier": None, "to_tier": "silver", "members": 1}]
    await publish(checkout.services, draft)
    assert await code(checkout, member) == "silver"


async def preview_of(checkout: Checkout, headers: dict[str, str], document: Any) -> dict[str, Any]:
    body = {"draft_id": "next", "document": encode_programme(document)}
    made = await checkout.client.post("/v1/admin/programme/drafts", json=body, headers=headers)
    assert made.status_code == 201, made.text
    answer = await checkout.client.get("/v1/admin/programme/drafts/next/tier-preview", headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
