"""A tier for many members at once: granted with an end, taken back as one, and never over somebody's later decision."""

import asyncio
from typing import Any

import httpx
import pytest

from api.services import Services
from loyalty.members.ids import member_public_id
from tests.clocks import MovableClock
from tests.journeys.test_jobs import JOBS, applied, asked, found, ids, listed, merged, reversed_again, work
from tests.journeys.tills import fetch
from tests.programmes import programme, publish, rate
from tests.shop import Shop
from tests.verified import assert_verified

TIERS: dict[str, Any] = {
    "tiers": [
        {"code": "bronze", "names": {"en": "Bronze"}},
        {"code": "silver", "names": {"en": "Silver"}, "thresholds": {"spend_minor": 50_000}},
        {"code": "gold", "names": {"en": "Gold"}, "thresholds": {"spend_minor": 90_000}},
    ],
    "tier_settings": {"window": {"kind": "calendar", "period": "year"}, "downgrade": "one_step"},
}
GOLD = {"tier": "gold", "last_day": "2026-03-31"}


@pytest.fixture
async def manager(services: Services, shop: Shop) -> dict[str, str]:
    await publish(services, programme(rate(), **TIERS))
    return await shop.staff("manager")


async def granted(client: httpx.AsyncClient, headers: dict[str, str], member_id: int, tier: str) -> None:
    path = f"/v1/admin/members/{member_public_id(member_id)}/tier/grant"
    answer = await client.put(path, headers=headers, json={"tier": tier, "reason": "vip"})
    assert answer.status_code == 200, answer.text


async def job_for(client: httpx.AsyncClient, headers: dict[str, str], *members: int, **tier: Any) -> int:
    job_id = await asked(client, headers, "bulk-operations", tier=GOLD | tier)
    await listed(client, headers, job_id, *ids(members))
    return job_id


async def tiers(services: Services) -> list[str | None]:
    return [row[0] for row in await fetch(services, "SELECT tier FROM member ORDER BY member_id")]


async def whys(client: httpx.AsyncClient, headers: dict[str, str], job_id: int) -> list[tuple[str, str | None]]:
    items = (await client.get(f"{JOBS}/{job_id}/items", headers=headers)).json()["items"]
    return [(item["state"], item["why"]) for item in items]


async def test_a_tier_is_granted_to_many_until_a_day_and_what_was_granted_before_comes_back(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    anna, boris, clara = await shop.member(), await shop.member(), await shop.member()
    await granted(client, manager, boris, "silver")
    job_id = await job_for(client, manager, anna, boris, clara)
    assert (await applied(services, client, manager, job_id))["items"] == {"applied": 3}
    assert await tiers(services) == ["gold", "gold", "gold"]
    shown = await client.get(f"/v1/admin/members/{member_public_id(anna)}/tier", headers=manager)
    grant = shown.json()["grant"]
    assert (grant["until"], grant["granted_by"]) == ("2026-03-31T21:00:00Z", f"job:{job_id}"), "Moscow"
    await granted(client, manager, clara, "silver")
    await reversed_again(services, client, manager, job_id)
    assert await tiers(services) == ["bronze", "silver", "silver"]
    assert await whys(client, manager, job_id) == [("reversed", None), ("reversed", None), ("kept", "changed_since")]
    await assert_verified(services)


async def test_a_grant_that_is_over_is_nothing_to_take_back(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str], clock: MovableClock
) -> None:
    job_id = await job_for(client, manager, await shop.member())
    await applied(services, client, manager, job_id)
    clock.advance(days=40)
    manager = await shop.staff("manager")
    await reversed_again(services, client, manager, job_id)
    assert await whys(client, manager, job_id) == [("kept", "grant_over")]
    assert await tiers(services) == ["bronze"]
    await assert_verified(services)


async def test_a_day_that_has_passed_by_the_time_it_is_applied_grants_nothing(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str], clock: MovableClock
) -> None:
    job_id = await job_for(client, manager, await shop.member(), last_day="2026-03-02")
    await work(services)
    clock.advance(days=2)
    manager = await shop.staff("manager")
    await applied(services, client, manager, job_id)
    assert await whys(client, manager, job_id) == [("skipped", "grant_day_impossible")]


async def test_after_a_merge_the_grant_is_taken_from_the_survivor(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    anna, boris = await shop.member(), await shop.member()
    job_id = await job_for(client, manager, anna)
    await applied(services, client, manager, job_id)
    await merged(services, anna, boris)
    await reversed_again(services, client, manager, job_id)
    assert (await tiers(services))[1] == "bronze"
    await assert_verified(services)


async def test_two_workers_at_once_grant_once(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    members = [await shop.member() for _ in range(6)]
    job_id = await job_for(client, manager, *members)
    await work(services)
    assert (await client.post(f"{JOBS}/{job_id}/application", headers=manager)).status_code == 201
    await asyncio.gather(work(services), work(services))
    assert (await found(client, manager, job_id))["items"] == {"applied": 6}
    changes = await fetch(services, "SELECT to_tier, count(*) FROM tier_change WHERE cause_kind = 'manual' GROUP BY 1")
    assert changes == [("gold", 6)]


@pytest.mark.parametrize(
    ("tier", "status", "code"),
    [
        ({"tier": "platinum"}, 422, "tier_not_found"),
        ({"tier": "gold", "last_day": "2020-01-01"}, 422, "grant_day_impossible"),
        ({"tier": "gold", "last_day": "9999-12-31"}, 422, "grant_day_impossible"),
        ({"last_day": "2026-12-31"}, 400, "malformed_request"),
    ],
)
async def test_a_tier_that_cannot_be_granted_is_refused(
    client: httpx.AsyncClient, manager: dict[str, str], tier: dict[str, Any], status: int, code: str
) -> None:
    body = {"tier": tier, "reason": "vip"}
    answer = await client.post("/v1/admin/bulk-operations", headers=manager, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_without_tiers_that_are_earned_none_is_granted(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    body = {"tier": GOLD, "reason": "vip"}
    answer = await client.post("/v1/admin/bulk-operations", headers=await shop.staff("manager"), json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "tiers_not_earned")
