"""Workshops buy towards goals: reached once, taken back by refunds, counted in their own period, shown on the phone."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from api.delivering import Outbox
from api.services import Services
from api.subscriptions import REACTIONS
from loyalty.events import PurchaseRecorded
from loyalty.goals.reacting import follow_goals
from loyalty.goals.settling import settle_goals
from loyalty.members.ids import member_public_id
from loyalty.members.merging import merge_members
from loyalty.programme.document import ProgrammeDocument
from tests.api.callers import member_headers
from tests.clocks import MovableClock
from tests.journeys.tills import balances, done, fetch, line, refund, sale
from tests.loyalty.actions.making import action, pays, with_actions
from tests.loyalty.goals.making import above, at_least, goal
from tests.programmes import publish, rate
from tests.shop import Shop, Till, bearer
from tests.worker.delivered import deliver_everything

MONTH = goal("month", at_least("first", 20_000), at_least("second", 50_000))
RULES = [
    pays("first-step", "volume", 500, condition='action.threshold == "first"'),
    pays("second-step", "volume", 2_000, condition='action.threshold == "second"'),
    pays("more-than-usual", "volume", 100, condition='action.threshold == "more"'),
]


def aiming(*goals: dict[str, Any], rules: list[dict[str, Any]] = RULES, **more: Any) -> ProgrammeDocument:
    """Purchases pay nothing by themselves, so that every point is a goal's."""
    never = rate("never", minimum_basket_minor=10**12)
    declared = [action("volume", "sales_volume")]
    return with_actions(declared, rules, earn_rules=[never], goals=list(goals or (MONTH,)), **more)


class Workshop:
    """A member who buys at one till."""

    def __init__(self, services: Services, shop: Shop, till: Till, member_id: int) -> None:
        self.services, self.shop, self.till, self.member_id = services, shop, till, member_id
        self.name = {"id": member_public_id(member_id)}

    async def buys(self, number: str, amount_minor: int, *, at: str = "2026-03-02T09:00:00Z", **more: Any) -> None:
        body = sale(number, line("a", amount_minor, **more), member=self.name) | {"occurred_at": at}
        await done(self.shop.client, self.till, "purchases", body)

    async def returns(self, of: str, number: str) -> None:
        await done(self.shop.client, self.till, "refunds", refund(of, number))

    async def goals(self) -> list[dict[str, Any]]:
        answer = await self.shop.client.get("/v1/me/goals", headers=await member_headers(self.shop, self.member_id))
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["goals"]
        return found


async def comes(shop: Shop, clock: MovableClock, till: Till, when: datetime) -> None:
    """Time passes until then, and the till signs in again."""
    clock.now = when
    answer = await shop.client.post("/v1/pos/sessions", json={"key": till.key})
    till.headers.update(bearer(answer.json()["access_token"]))


async def workshop(services: Services, shop: Shop, till: Till | None = None) -> Workshop:
    return Workshop(services, shop, till or await shop.till(), await shop.member())


async def settle(services: Services) -> int:
    async with services.database.write() as session:
        settled = await settle_goals(session, now=services.clock(), limit=100)
        await session.commit()
    return settled


async def awards(services: Services) -> list[tuple[Any, ...]]:
    return await fetch(
        services,
        "SELECT goal, period, threshold, times, taken_back_at IS NULL FROM goal_award ORDER BY recorded_at, threshold",
    )


async def test_a_goal_is_paid_once_when_it_is_reached_and_taken_back_when_goods_come_back(
    services: Services, shop: Shop
) -> None:
    await publish(services, aiming())
    member = await workshop(services, shop)
    await member.buys("1", 15_000)
    await deliver_everything(services)
    assert await balances(services) == []
    await member.buys("2", 40_000)
    await deliver_everything(services)
    assert await balances(services) == [2_500], "both thresholds by one receipt"
    await member.buys("3", 40_000)
    await deliver_everything(services)
    assert await balances(services) == [2_500]
    await member.returns("1", "r1")
    await member.returns("3", "r3")
    await deliver_everything(services)
    assert await balances(services) == [500], "40,000 are left"
    await member.buys("4", 10_000)
    await deliver_everything(services)
    assert await balances(services) == [2_500], "reached again, paid again"
    assert await awards(services) == [
        ("month", "2026-03", "first", 1, True),
        ("month", "2026-03", "second", 2, True),
    ]


async def test_the_phone_and_staff_see_what_is_done_what_is_missing_and_what_it_earned(
    services: Services, shop: Shop, client: httpx.AsyncClient
) -> None:
    await publish(services, aiming())
    member = await workshop(services, shop)
    await member.buys("1", 30_000)
    await deliver_everything(services)
    (seen,) = await member.goals()
    about = {name: seen[name] for name in ("goal", "period", "first_day", "last_day", "amount", "counts", "ends_at")}
    assert about == {
        "goal": "month",
        "period": "2026-03",
        "first_day": "2026-03-01",
        "last_day": "2026-03-31",
        "amount": 30_000,
        "counts": "spend_minor",
        "ends_at": "2026-03-31T21:00:00Z",
    }
    assert [(each["threshold"], each["required"], each["missing"], each["earned"]) for each in seen["thresholds"]] == [
        ("first", 20_000, 0, {"points": 500}),
        ("second", 50_000, 20_000, {}),
    ]
    path = f"/v1/admin/members/{member_public_id(member.member_id)}/goals"
    answer = await client.get(path, headers=await shop.staff("support"))
    assert answer.json()["goals"] == [seen]


async def test_the_action_says_by_what_it_was_decided(services: Services, shop: Shop) -> None:
    await publish(services, aiming())
    member = await workshop(services, shop)
    await member.buys("1", 30_000)
    await deliver_everything(services)
    (row,) = await fetch(services, "SELECT type, source, fields, earned FROM action")
    fields = {"amount_minor": 30_000, "goal": "month", "period": "2026-03", "threshold": "first"}
    assert row == ("volume", "job:goals", fields, {"points": 500})


async def test_late_receipts_fall_into_their_own_month(services: Services, shop: Shop, clock: MovableClock) -> None:
    await publish(services, aiming())
    member = await workshop(services, shop)
    await comes(shop, clock, member.till, datetime(2026, 4, 1, 9, tzinfo=UTC))
    await member.buys("1", 20_000, at="2026-04-01T08:00:00Z")
    await member.buys("2", 15_000, at="2026-03-30T08:00:00Z")
    await deliver_everything(services)
    await member.buys("3", 5_000, at="2026-03-31T20:59:59Z")
    await member.buys("4", 29_999, at="2026-03-31T21:00:00Z")
    await deliver_everything(services)
    assert sorted(await awards(services)) == [
        ("month", "2026-03", "first", 1, True),
        ("month", "2026-04", "first", 1, True),
    ]
    assert await balances(services) == [1_000]


async def test_a_merge_adds_what_was_bought_and_pays_nothing_twice(services: Services, shop: Shop) -> None:
    await publish(services, aiming())
    till = await shop.till()
    first, second = await workshop(services, shop, till), await workshop(services, shop, till)
    await first.buys("1", 30_000)
    await second.buys("2", 25_000)
    await deliver_everything(services)
    assert await balances(services) == [500, 500]
    async with services.database.write() as session:
        await merge_members(
            session,
            source_id=first.member_id,
            target_id=second.member_id,
            actor="staff:boris",
            reason="same_person",
            now=services.clock(),
        )
        await session.commit()
    await deliver_everything(services)
    assert await balances(services) == [0, 3_000], "what each had reached, and the second step that they reach together"
    await second.returns("1", "r1")
    await deliver_everything(services)
    assert await balances(services) == [0, 1_000]
    await second.returns("2", "r2")
    await deliver_everything(services)
    assert await balances(services) == [0, 0]


async def test_more_than_usual_is_measured_by_the_members_own_months(
    services: Services, shop: Shop, clock: MovableClock
) -> None:
    usual = goal("growth", above("more", 110), average={"periods": 3, "minimum_periods": 2})
    await publish(services, aiming(usual))
    member = await workshop(services, shop)
    for month, amount in ((3, 10_000), (4, 20_001)):
        await comes(shop, clock, member.till, datetime(2026, month, 10, 9, tzinfo=UTC))
        await member.buys(f"of-{month}", amount, at=f"2026-{month:02}-10T08:00:00Z")
    await comes(shop, clock, member.till, datetime(2026, 5, 10, 9, tzinfo=UTC))
    (seen,) = await member.goals()
    assert seen["average"] == {
        "amount": 15_000,
        "is_enough": True,
        "minimum_periods": 2,
        "periods": [{"period": "2026-03", "amount": 10_000}, {"period": "2026-04", "amount": 20_001}],
    }
    assert [(each["required"], each["missing"]) for each in seen["thresholds"]] == [(16_501, 16_501)]
    await member.buys("just-below", 16_500, at="2026-05-10T08:00:00Z")
    await deliver_everything(services)
    assert await balances(services) == []
    await member.buys("enough", 1, at="2026-05-10T08:30:00Z")
    await deliver_everything(services)
    assert await balances(services) == [100]
    await member.buys("late", 90_000, at="2026-04-20T08:00:00Z")
    await deliver_everything(services)
    assert await balances(services) == [100], "it was reached by what was known then"
    (fields,) = await fetch(services, "SELECT fields FROM action")
    assert fields[0]["percent_of_average"] == 110


async def test_at_the_end_the_return_window_is_waited_for_and_late_receipts_are_looked_at_again(
    services: Services, shop: Shop, clock: MovableClock
) -> None:
    document = aiming(MONTH | {"paid": "at_end"}, refunds={"return_window_days": 14})
    await publish(services, document)
    member = await workshop(services, shop)
    await member.buys("1", 60_000)
    await member.buys("2", 20_000)
    await deliver_everything(services)
    (seen,) = await member.goals()
    assert (seen["paid"], seen["settles_at"]) == ("at_end", "2026-04-14T21:00:00Z")
    await comes(shop, clock, member.till, datetime(2026, 4, 14, 20, 59, tzinfo=UTC))
    await member.returns("1", "r1")
    await deliver_everything(services)
    assert (await settle(services), await balances(services)) == (0, [])
    await comes(shop, clock, member.till, datetime(2026, 4, 14, 21, tzinfo=UTC))
    assert (await settle(services), await settle(services), await balances(services)) == (1, 0, [500])
    await member.buys("late", 30_000, at="2026-03-31T12:00:00Z")
    await deliver_everything(services)
    assert (await settle(services), await balances(services)) == (1, [2_500])


@pytest.mark.parametrize("limits", [{"month": 1}])
async def test_limits_of_the_action_hold_and_the_award_says_so(
    services: Services, shop: Shop, limits: dict[str, int]
) -> None:
    never = rate("never", minimum_basket_minor=10**12)
    declared = [action("volume", "sales_volume", limits=limits)]
    await publish(services, with_actions(declared, RULES, earn_rules=[never], goals=[MONTH]))
    member = await workshop(services, shop)
    await member.buys("1", 50_000)
    await deliver_everything(services)
    assert await balances(services) == [500]
    (seen,) = await member.goals()
    assert [each["refusal"] for each in seen["thresholds"]] == [None, "action_limit_reached"]


async def test_told_many_times_at_once_a_goal_is_paid_once(services: Services, shop: Shop) -> None:
    await publish(services, aiming())
    till = await shop.till()
    members = [await workshop(services, shop, till) for _ in range(4)]
    await asyncio.gather(
        *(each.buys(f"{place}-{part}", 5_000) for place, each in enumerate(members) for part in range(10))
    )
    outboxes = [Outbox(services.database, REACTIONS, clock=services.clock) for _ in range(3)]
    while sum([await outbox.spread() for outbox in outboxes]):
        pass
    while waiting := await outboxes[0].waiting():
        await asyncio.gather(*(outbox.deliver(partition) for outbox in outboxes for partition in waiting))
    assert await balances(services) == [2_500] * 4


async def test_what_is_delivered_again_changes_nothing(services: Services, shop: Shop) -> None:
    await publish(services, aiming())
    member = await workshop(services, shop)
    await member.buys("1", 50_000)
    await deliver_everything(services)
    told = PurchaseRecorded(
        member_id=member.member_id,
        purchase_no=1,
        store_id="store-1",
        occurred_at=services.clock(),
        local_date=date(2026, 3, 2),
        currency="RUB",
        total_minor=50_000,
        points_earned={},
    )
    for _ in range(2):
        async with services.database.write() as session:
            await follow_goals(session, [told, told], now=services.clock())
            await session.commit()
    assert await balances(services) == [2_500]
