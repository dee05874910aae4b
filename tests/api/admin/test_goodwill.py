"""One person gives a little alone; more, or more a day, a second person allows."""

import asyncio
from typing import Any

import httpx
import pytest

from api.services import Services
from loyalty.members.ids import member_public_id
from tests.clocks import MovableClock
from tests.journeys.tills import balances, fetch
from tests.programmes import programme, publish
from tests.shop import Shop
from tests.verified import assert_verified

PROGRAMME = programme(
    goodwill={
        "reasons": ["cold_coffee", "late_delivery"],
        "expires_after_days": 10,
        "limits": {"support": {"points_at_once": 100, "points_a_day": 250}},
    }
)


@pytest.fixture
async def anna(shop: Shop, services: Services) -> str:
    await publish(services, PROGRAMME)
    return member_public_id(await shop.member())


async def adjust(
    client: httpx.AsyncClient, headers: dict[str, str], member_id: str, points: int, **more: Any
) -> httpx.Response:
    body = {"points": points, "reason": "cold_coffee", **more}
    return await client.post(f"/v1/admin/members/{member_id}/adjustments", headers=headers, json=body)


async def test_a_reason_is_one_of_the_programmes(client: httpx.AsyncClient, shop: Shop, anna: str) -> None:
    answer = await adjust(client, await shop.staff("support"), anna, 5, reason="because")
    assert (answer.status_code, answer.json()["code"]) == (422, "reason_unknown")
    assert answer.json()["reasons"] == ["cold_coffee", "late_delivery"]


async def test_given_points_live_as_long_as_goodwill_does(
    client: httpx.AsyncClient, services: Services, shop: Shop, anna: str
) -> None:
    await adjust(client, await shop.staff("support"), anna, 5)
    assert await fetch(services, "SELECT expiry ->> 'kind', expiry ->> 'count' FROM lot") == [("days", "10")]


async def test_more_than_a_persons_limit_waits_for_a_second_person(
    client: httpx.AsyncClient, services: Services, shop: Shop, anna: str, clock: MovableClock
) -> None:
    support, manager = await shop.staff("support"), await shop.staff("manager")
    asked = await adjust(client, support, anna, 101)
    assert asked.status_code == 202, asked.text
    assert await fetch(services, "SELECT count(*) FROM journal") == [(0,)]
    path = f"/v1/admin/approvals/{asked.json()['approval_id']}/decision"
    decided = await client.post(path, json={"approved": True}, headers=manager)
    assert decided.status_code == 201, decided.text
    assert await balances(services) == [101]
    ((actor,),) = await fetch(services, "SELECT actor FROM journal")
    assert actor == asked.json()["requested_by"]
    await assert_verified(services)


async def test_the_day_is_counted_exactly_however_many_come_at_once(
    client: httpx.AsyncClient, services: Services, shop: Shop, anna: str, clock: MovableClock
) -> None:
    support = await shop.staff("support")
    answers = await asyncio.gather(*(adjust(client, support, anna, 50 + number) for number in range(10)))
    given = sum(answer.json()["points"] for answer in answers if answer.status_code == 201)
    assert {answer.status_code for answer in answers} == {201, 202}
    assert await fetch(services, "SELECT points FROM goodwill_day") == [(given,)]
    assert 190 < given <= 250
    assert await balances(services) == [given]
    clock.advance(days=1)
    assert (await adjust(client, await shop.staff("support"), anna, 100)).status_code == 201
    await assert_verified(services)


async def test_what_is_refused_is_not_counted(
    client: httpx.AsyncClient, services: Services, shop: Shop, anna: str
) -> None:
    refused = await adjust(client, await shop.staff("support"), anna, -20)
    assert refused.status_code == 422
    assert await fetch(services, "SELECT count(*) FROM goodwill_day") == [(0,)]


async def test_a_role_without_a_limit_has_none(client: httpx.AsyncClient, shop: Shop, anna: str) -> None:
    assert (await adjust(client, await shop.staff("manager"), anna, 1_000_000)).status_code == 201
