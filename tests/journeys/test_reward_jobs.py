"""A reward for many members at once, for nothing: as many as there are pieces, and taken back where it is not used."""

import asyncio
from typing import Any

import httpx
import pytest

from api.services import Services
from loyalty.members.ids import member_public_id
from tests.api.callers import member_headers
from tests.journeys.counter import discount, payout, reward, with_rewards
from tests.journeys.test_jobs import JOBS, applied, asked, found, freeze, ids, listed, merged, reversed_again, work
from tests.journeys.tills import fetch
from tests.programmes import publish
from tests.shop import Shop
from tests.verified import assert_verified

CATALOGUE = with_rewards(
    reward("mug", 50, stock=3),
    discount("tenth", 30, limits={"lifetime": 1}),
    reward("bonus", 10, kind="wallet_points", effect={"wallet": "stamps", "points": 5}),
    reward("gone", 10, archived=True),
    payout("cash"),
)


@pytest.fixture
async def manager(services: Services, shop: Shop) -> dict[str, str]:
    await publish(services, CATALOGUE)
    return await shop.staff("manager")


async def job_for(client: httpx.AsyncClient, headers: dict[str, str], code: str, *members: int) -> int:
    job_id = await asked(client, headers, "bulk-operations", reward={"reward": code})
    await listed(client, headers, job_id, *ids(members))
    return job_id


async def whys(client: httpx.AsyncClient, headers: dict[str, str], job_id: int) -> list[tuple[str, str | None]]:
    items = (await client.get(f"{JOBS}/{job_id}/items", headers=headers)).json()["items"]
    return [(item["state"], item["why"]) for item in items]


async def states(services: Services) -> list[tuple[Any, ...]]:
    return await fetch(services, "SELECT state, reason, actor FROM redemption ORDER BY member_id, redemption_no")


async def test_everybody_gets_a_piece_for_nothing_and_gives_back_what_is_not_used(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    anna, boris = await shop.member(), await shop.member()
    job_id = await job_for(client, manager, "mug", anna, boris)
    assert (await applied(services, client, manager, job_id))["items"] == {"applied": 2}
    assert await states(services) == [("issued", None, f"job:{job_id}")] * 2
    assert await fetch(services, "SELECT grant_reason, prices::text FROM redemption") == [("goodwill", "[]")] * 2
    assert await fetch(services, "SELECT taken FROM reward_stock WHERE reward = 'mug'") == [(2,)]
    await assert_verified(services)
    queue = await client.get("/v1/admin/redemptions", params={"member_id": member_public_id(anna)}, headers=manager)
    (hers,) = queue.json()["redemptions"]
    handed_over = await client.post(f"/v1/admin/redemptions/{hers['id']}/fulfilment", headers=manager)
    assert handed_over.status_code == 201, handed_over.text
    await reversed_again(services, client, manager, job_id)
    assert await whys(client, manager, job_id) == [("kept", "redemption_fulfilled"), ("reversed", None)]
    assert [row[:2] for row in await states(services)] == [("fulfilled", None), ("cancelled", "goodwill")]
    assert await fetch(services, "SELECT taken FROM reward_stock WHERE reward = 'mug'") == [(1,)]
    await assert_verified(services)


async def test_as_many_as_there_are_pieces_get_one_whoever_works_on_it(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    members = [await shop.member() for _ in range(5)]
    job_id = await job_for(client, manager, "mug", *members)
    await work(services)
    assert (await client.post(f"{JOBS}/{job_id}/application", headers=manager)).status_code == 201
    await asyncio.gather(work(services), work(services))
    assert (await found(client, manager, job_id))["items"] == {"applied": 3, "skipped": 2}
    assert (await whys(client, manager, job_id))[3:] == [("skipped", "out_of_stock")] * 2
    assert await fetch(services, "SELECT member_id, count(*) FROM redemption GROUP BY 1 ORDER BY 1") == [
        (member_id, 1) for member_id in members[:3]
    ]
    await assert_verified(services)


async def test_a_limit_is_no_reason_and_a_blocked_member_is(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    anna, boris = await shop.member(), await shop.member()
    await freeze(client, manager, boris, blocked=True)
    for _ in range(2):
        job_id = await job_for(client, manager, "tenth", anna, boris)
        await applied(services, client, manager, job_id)
        assert await whys(client, manager, job_id) == [("applied", None), ("skipped", "member_blocked")]
    mine = await client.get("/v1/me/redemptions", headers=await member_headers(shop, anna))
    assert [each["state"] for each in mine.json()["redemptions"]] == ["issued"] * 2
    await assert_verified(services)


async def test_a_reward_follows_its_member_into_a_merge_and_is_taken_back_there(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    anna, boris = await shop.member(), await shop.member()
    job_id = await job_for(client, manager, "mug", anna)
    await applied(services, client, manager, job_id)
    await merged(services, anna, boris)
    await reversed_again(services, client, manager, job_id)
    assert await whys(client, manager, job_id) == [("reversed", None)]
    await assert_verified(services)


@pytest.mark.parametrize(
    ("code", "status", "refusal"),
    [
        ("nothing", 404, "reward_not_found"),
        ("gone", 422, "reward_not_given"),
        ("bonus", 422, "reward_not_given"),
        ("cash", 422, "reward_not_given"),
        ("no such code", 400, "malformed_request"),
    ],
)
async def test_what_is_not_given_is_told_apart(
    client: httpx.AsyncClient, manager: dict[str, str], code: str, status: int, refusal: str
) -> None:
    body = {"reward": {"reward": code}, "reason": "late_parcels"}
    answer = await client.post("/v1/admin/bulk-operations", headers=manager, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, refusal), answer.text
