"""The past is paid for once: whichever jobs are applied, in whatever order, at once or again."""

import asyncio
from typing import Any

import httpx
import pytest

from api.services import Services
from loyalty.actions.reversing import reverse_action
from loyalty.members.ids import member_public_id
from loyalty.programme.decoding import encode_programme
from tests.journeys.test_jobs import JOBS, applied, asked, bought, found, reversed_again, work
from tests.journeys.tills import balances, done, fetch, refund, sale
from tests.loyalty.actions.making import accepted, action, pays, record, told
from tests.loyalty.imports.moving import apply, stock
from tests.loyalty.imports.test_receipts import files_for
from tests.programmes import fixed, programme, publish, rate
from tests.shop import Shop, Till
from tests.verified import assert_verified

ACTIONS: dict[str, Any] = {
    "actions": [action("login", "daily_login"), action("story")],
    "action_rules": [pays("login-pays", "login", 3), pays("story-pays", "story", 40)],
}
DOUBLE = encode_programme(programme(rate(points=2), **ACTIONS))
DEARER_LOGINS = encode_programme(
    programme(
        rate(),
        **ACTIONS | {"action_rules": [pays("login-pays", "login", 5, caps={"month": 8}), pays("other", "story", 10)]},
    )
)
EARLY = {"receipt": {"number": "early", "business_date": "2026-03-01"}, "occurred_at": "2026-03-01T09:00:00Z"}


@pytest.fixture
async def manager(services: Services, shop: Shop) -> dict[str, str]:
    await publish(services, programme(rate(), **ACTIONS))
    return await shop.staff("manager")


@pytest.fixture
async def till(shop: Shop, manager: dict[str, str]) -> Till:
    return await shop.till()


async def items(client: httpx.AsyncClient, headers: dict[str, str], job_id: int) -> list[tuple[str, str | None]]:
    found_items = (await client.get(f"{JOBS}/{job_id}/items", headers=headers)).json()["items"]
    return [(item["state"], item["why"]) for item in found_items]


async def test_a_second_job_for_the_same_rule_and_period_pays_nothing(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str], till: Till
) -> None:
    await bought(client, till, await shop.member(), "1")
    first = await asked(client, manager, "retroactive-jobs", document=DOUBLE)
    await applied(services, client, manager, first)
    assert await balances(services) == [200]
    second = await asked(client, manager, "retroactive-jobs", document=DOUBLE)
    await work(services)
    assert (await found(client, manager, second))["members"] == 0
    await reversed_again(services, client, manager, first)
    third = await asked(client, manager, "retroactive-jobs", document=DOUBLE)
    await applied(services, client, manager, third)
    assert await balances(services) == [200], "what was taken back is owed again"
    await assert_verified(services)


@pytest.mark.parametrize("days", [{"from_day": "0001-01-01"}, {"until_day": "9999-12-31"}])
async def test_the_first_and_the_last_of_all_days_bound_a_job_like_others(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str], till: Till, days: dict[str, str]
) -> None:
    await bought(client, till, await shop.member(), "1")
    job_id = await asked(client, manager, "retroactive-jobs", document=DOUBLE, **days)
    await applied(services, client, manager, job_id)
    assert await balances(services) == [200]


async def test_two_jobs_for_the_same_past_that_are_applied_at_once_pay_once(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str], till: Till
) -> None:
    members = [await shop.member() for _ in range(4)]
    for member_id in members:
        await bought(client, till, member_id, f"of-{member_id}")
    jobs = [await asked(client, manager, "retroactive-jobs", document=DOUBLE) for _ in range(2)]
    await work(services)
    for job_id in jobs:
        assert (await found(client, manager, job_id))["points_given"] == 400
        assert (await client.post(f"{JOBS}/{job_id}/application", headers=manager)).status_code == 201
    await asyncio.gather(work(services), work(services))
    assert await balances(services) == [200] * 4
    settled = await fetch(services, "SELECT state, why, count(*) FROM job_item GROUP BY 1, 2 ORDER BY 1")
    assert settled == [("applied", None, 4), ("skipped", "facts_changed", 4)]
    await assert_verified(services)


async def test_a_job_for_a_longer_past_pays_for_the_rest_of_it(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str], till: Till
) -> None:
    anna = await shop.member()
    await bought(client, till, anna, "today")
    await done(client, till, "purchases", sale(member={"id": member_public_id(anna)}) | EARLY)
    short = await asked(client, manager, "retroactive-jobs", document=DOUBLE, until_day="2026-03-02")
    await applied(services, client, manager, short)
    assert await balances(services) == [300]
    whole = await asked(client, manager, "retroactive-jobs", document=DOUBLE)
    await applied(services, client, manager, whole)
    assert await balances(services) == [400]
    paid = await fetch(services, "SELECT job_id, fact_no, points FROM job_payment ORDER BY 1")
    assert paid == [(short, 2, 100), (whole, 1, 100)]
    await assert_verified(services)


async def test_receipts_that_moved_in_are_not_paid_a_second_time(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    await stock(services, "espresso", "tea")
    till = await shop.till(store_id=await shop.store("s-1"))
    await apply(services, files_for(till))
    await bought(client, till, await shop.member(phone="+79990009999"), "here")
    assert await balances(services) == [150, 30, 100]
    job_id = await asked(client, manager, "retroactive-jobs", document=DOUBLE)
    await applied(services, client, manager, job_id)
    assert await balances(services) == [150, 30, 200], "their points came as lots"
    await assert_verified(services)


async def test_what_a_job_paid_for_goods_that_came_back_is_taken_by_the_next_one(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str], till: Till
) -> None:
    await bought(client, till, await shop.member(), "1")
    first = await asked(client, manager, "retroactive-jobs", document=DOUBLE)
    await applied(services, client, manager, first)
    await done(client, till, "refunds", refund("1"))
    assert await balances(services) == [100], "a refund takes what the purchase earned"
    second = await asked(client, manager, "retroactive-jobs", document=DOUBLE, direction="both")
    await applied(services, client, manager, second)
    assert await balances(services) == [0]
    await assert_verified(services)


async def test_past_actions_are_paid_for_within_the_limits_of_the_rule_and_taken_back(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str], till: Till
) -> None:
    anna, boris = await shop.member(), await shop.member()
    await bought(client, till, boris, "1")
    for day in range(3):
        occurred_at = services.clock().replace(day=1 + day // 2, hour=1 + day)
        await record(services, told(anna, "story", event_id=f"s{day}", occurred_at=occurred_at))
    await record(services, told(anna, "login"))
    await record(services, told(boris, "login"))
    assert await balances(services) == [123, 103]
    job_id = await asked(
        client, manager, "retroactive-jobs", document=DEARER_LOGINS, facts="actions", rules=["login-pays"]
    )
    await applied(services, client, manager, job_id)
    assert await balances(services) == [125, 105]
    again = await asked(client, manager, "retroactive-jobs", document=DEARER_LOGINS, facts="actions")
    await work(services)
    preview = await found(client, manager, again)
    assert (preview["members"], preview["points_given"]) == (0, 0), "stories pay less, and nothing is taken to pay"
    taking = await asked(
        client, manager, "retroactive-jobs", document=DEARER_LOGINS, facts="actions", direction="take_back"
    )
    await applied(services, client, manager, taking)
    assert await balances(services) == [35, 105], "three stories at ten and a login"
    await reversed_again(services, client, manager, taking)
    await reversed_again(services, client, manager, job_id)
    assert await balances(services) == [123, 103]
    await assert_verified(services)


async def test_purchases_and_actions_can_be_looked_at_in_one_job(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str], till: Till
) -> None:
    anna = await shop.member()
    await bought(client, till, anna, "1")
    await record(services, told(anna, "login"))
    both = encode_programme(programme(rate(points=2), **ACTIONS | {"action_rules": [pays("login-pays", "login", 10)]}))
    job_id = await asked(client, manager, "retroactive-jobs", document=both, facts="all")
    await applied(services, client, manager, job_id)
    assert await balances(services) == [210]
    await assert_verified(services)


async def test_an_action_that_was_taken_back_is_owed_nothing(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    login = accepted((await record(services, told(await shop.member(), "login")))[0])
    job_id = await asked(client, manager, "retroactive-jobs", document=DEARER_LOGINS, facts="actions")
    await work(services)
    async with services.database.write() as session:
        await reverse_action(
            session,
            (login.member_id, login.action_no),
            reason="wrong",
            actor="staff:test",
            programmes=services.programmes,
            now=services.clock(),
        )
        await session.commit()
    await applied(services, client, manager, job_id)
    assert await items(client, manager, job_id) == [("skipped", "facts_changed")]
    assert await balances(services) == [0]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"rules": ["base"], "facts": "actions"}, 422, "rule_not_found"),
        ({"rules": ["login-pays"]}, 422, "rule_not_found"),
        ({"rules": ["login-pays"], "facts": "all"}, 201, None),
        ({"facts": "baskets"}, 400, "malformed_request"),
        (
            {
                "facts": "actions",
                "document": encode_programme(
                    programme(fixed("x", 1), **ACTIONS | {"action_rules": [pays("a", "login", 1, budget_points=9)]})
                ),
            },
            422,
            "budget_in_retroactive_job",
        ),
    ],
)
async def test_rules_are_those_of_what_is_looked_at(
    client: httpx.AsyncClient, manager: dict[str, str], body: dict[str, Any], status: int, code: str | None
) -> None:
    answer = await client.post(
        "/v1/admin/retroactive-jobs", headers=manager, json={"reason": "recount", "document": DOUBLE, **body}
    )
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
