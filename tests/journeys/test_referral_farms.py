"""Friends who are one person are taken in and paid for like all others, and a person of staff is shown them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from litestar import Litestar
from msgspec.structs import replace

from api.services import Services
from loyalty.members.erasing import erase_member
from loyalty.members.ids import member_id_of
from loyalty.programme.review import ReviewSettings
from loyalty.review.traces import KEPT, forget_old_traces
from tests.journeys.test_referrals import inviting
from tests.journeys.test_review_cases import cases
from tests.journeys.tills import fetch
from tests.programmes import publish
from tests.shop import Shop, bearer
from tests.verified import assert_verified

HERS, HIS, THEIRS = "device-of-anna-0001", "device-of-boris-001", "device-of-clara-001"


@asynccontextmanager
async def coming_from(app: Litestar, host: str) -> AsyncIterator[httpx.AsyncClient]:
    """A phone whose requests come from this address."""
    transport = httpx.ASGITransport(app, client=(host, 50_000))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://comeback.test") as client:
        yield client


class Farm:
    """New members who sign in and say who brought them, each with a phone number of their own."""

    def __init__(self, app: Litestar, shop: Shop) -> None:
        self.app, self.shop = app, shop
        self.members: list[int] = []

    async def joins(self, host: str, device_id: str | None = None) -> dict[str, str]:
        """Somebody new; the headers of their phone."""
        phone = f"+7999123{len(self.members):04}"
        named = {} if device_id is None else {"device_id": device_id}
        async with coming_from(self.app, host) as client:
            sent = (await client.post("/v1/auth/codes", json={"phone": phone})).json()
            body = {"code_id": sent["code_id"], "code": await self.shop.last_code(), "phone": phone, **named}
            answer = await client.post("/v1/auth/sessions", json=body)
        assert answer.status_code == 201, answer.text
        self.members.append(member_id_of(answer.json()["member_id"]))
        return bearer(answer.json()["access_token"])

    async def names(self, friend: dict[str, str], code: str, host: str, **more: Any) -> None:
        """The friend says who brought them."""
        async with coming_from(self.app, host) as client:
            answer = await client.post("/v1/me/referral", json={"code": code, **more}, headers=friend)
        assert (answer.status_code, answer.json()["state"]) == (201, "registered"), answer.text


@pytest.fixture
def farm(app: Litestar, shop: Shop) -> Farm:
    return Farm(app, shop)


async def code_of(client: httpx.AsyncClient, headers: dict[str, str]) -> str:
    code: str = (await client.get("/v1/me/referral-code", headers=headers)).json()["code"]
    return code


async def shown(client: httpx.AsyncClient, shop: Shop) -> list[tuple[str, str, int]]:
    """Kind, period and members of the cases, the oldest first."""
    found = await cases(client, await shop.staff("support"))
    return [(case["kind"], case["period"], case["facts"]["members"]) for case in reversed(found)]


async def test_friends_who_share_a_phone_with_who_brought_them_are_a_case_of_the_month(
    services: Services, client: httpx.AsyncClient, shop: Shop, farm: Farm
) -> None:
    await publish(services, inviting())
    anna = await farm.joins("203.0.113.1", HERS)
    code = await code_of(client, anna)
    await farm.names(await farm.joins("203.0.113.2", HIS), code, "203.0.113.2")
    assert await shown(client, shop) == [], "a friend with a phone of their own"
    await farm.names(await farm.joins("203.0.113.3", HERS), code, "203.0.113.3")
    await farm.names(await farm.joins("203.0.113.4", HERS), code, "203.0.113.4")
    assert await shown(client, shop) == [("one_device", "2026-03", 2)], "once, as it was first seen"
    (case,) = await cases(client, await shop.staff("manager"), kind="one_device")
    assert member_id_of(case["member_id"]) == farm.members[0], "about who brought them"
    await assert_verified(services)


async def test_friends_who_share_a_phone_among_themselves_are_seen_too(
    services: Services, client: httpx.AsyncClient, shop: Shop, farm: Farm
) -> None:
    await publish(services, inviting())
    code = await code_of(client, await farm.joins("203.0.113.1"))
    for number in range(2):
        friend = await farm.joins(f"203.0.113.{number + 2}")
        await farm.names(friend, code, f"203.0.113.{number + 2}", device_id=THEIRS)
    assert await shown(client, shop) == [("one_device", "2026-03", 2)]


async def test_strangers_who_share_a_phone_are_nothing_to_look_at(
    services: Services, client: httpx.AsyncClient, shop: Shop, farm: Farm
) -> None:
    await publish(services, inviting())
    await farm.joins("203.0.113.9", THEIRS)
    code = await code_of(client, await farm.joins("203.0.113.1", HERS))
    await farm.names(await farm.joins("203.0.113.9", THEIRS), code, "203.0.113.9")
    assert await shown(client, shop) == [], "the other one brought nobody and was brought by nobody"


async def test_many_friends_from_one_address_and_many_in_a_day_are_cases(
    services: Services, client: httpx.AsyncClient, shop: Shop, farm: Farm
) -> None:
    await publish(services, replace(inviting(), review=ReviewSettings(friends_of_one_address=3, friends_a_day=3)))
    code = await code_of(client, await farm.joins("2001:db8:1:1::1"))
    await farm.names(await farm.joins("2001:db8:1:1::2"), code, "2001:db8:1:1::2")
    await farm.names(await farm.joins("2001:db8:1:2::1"), code, "2001:db8:1:2::1")
    assert await shown(client, shop) == []
    await farm.names(await farm.joins("2001:db8:1:1::3"), code, "2001:db8:1:1::3")
    assert sorted(await shown(client, shop)) == [("many_friends", "2026-03-02", 3), ("one_address", "2026-03", 3)]


async def test_what_is_switched_off_opens_no_case(
    services: Services, client: httpx.AsyncClient, shop: Shop, farm: Farm
) -> None:
    never = ReviewSettings(friends_of_one_device=0, friends_of_one_address=0, friends_a_day=0)
    await publish(services, replace(inviting(), review=never))
    code = await code_of(client, await farm.joins("203.0.113.1", HERS))
    await farm.names(await farm.joins("203.0.113.1", HERS), code, "203.0.113.1")
    assert await shown(client, shop) == []


async def test_traces_name_nobody_are_forgotten_in_time_and_go_with_the_person(
    services: Services, client: httpx.AsyncClient, farm: Farm
) -> None:
    await publish(services, inviting())
    anna = await farm.joins("203.0.113.1", HERS)
    await farm.names(await farm.joins("203.0.113.2", HIS), await code_of(client, anna), "203.0.113.2", device_id=HIS)
    kept = await fetch(services, "SELECT member_id, kind, length(value_hash) FROM member_trace ORDER BY 1, 2")
    assert [row[1:] for row in kept] == [("address", 32), ("device", 32)] * 2, "seen twice is kept once"
    stored = await fetch(services, "SELECT encode(body, 'escape') FROM idempotency_key")
    assert not any(HIS in row[0] for row in stored)
    async with services.database.write() as session:
        await erase_member(session, farm.members[0], actor="staff:x", reason="asked_for", now=services.clock())
        await session.commit()
    left = await fetch(services, "SELECT DISTINCT member_id FROM member_trace")
    assert left == [(farm.members[1],)]
    for age, count in ((KEPT, 2), (KEPT + timedelta(seconds=1), 0)):
        async with services.database.write() as session:
            await forget_old_traces(session, now=services.clock() + age)
            await session.commit()
        assert await fetch(services, "SELECT count(*) FROM member_trace") == [(count,)]
    await assert_verified(services)


@pytest.mark.parametrize("device_id", ["short", "x" * 129, "with spaces in it 1", 17])
async def test_a_device_id_that_is_none_is_refused(
    services: Services, client: httpx.AsyncClient, farm: Farm, device_id: object
) -> None:
    await publish(services, inviting())
    friend = await farm.joins("203.0.113.1")
    answer = await client.post("/v1/me/referral", json={"code": "7KQ2MXRA", "device_id": device_id}, headers=friend)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")
