"""Signing in with a code, staying signed in, and noticing a stolen refresh token."""

import asyncio
from typing import Any

import httpx
import pytest

from api.services import Services
from loyalty import identities
from loyalty.members.attaching import MOST_PER_MEMBER, attach_identity
from loyalty.members.merging import merge_members
from tests.clocks import MovableClock
from tests.shop import Shop, bearer

PHONE = "+79990000001"


async def refresh(client: httpx.AsyncClient, refresh_token: str) -> httpx.Response:
    return await client.post("/v1/auth/refreshes", json={"refresh_token": refresh_token})


async def test_a_code_registers_a_stranger_once(client: httpx.AsyncClient, shop: Shop) -> None:
    first, second = await shop.phone_session(PHONE), await shop.phone_session("8 999 000 00 01")
    assert (first["created"], second["created"]) == (True, False)
    assert first["member_id"] == second["member_id"]
    me = await client.get("/v1/me", headers=bearer(second["access_token"]))
    assert me.json()["identities"] == [{"kind": "phone", "value": PHONE, "verified": True}]


async def test_a_code_proves_the_phone_that_a_till_registered(client: httpx.AsyncClient, shop: Shop) -> None:
    await shop.member(phone=PHONE)
    tokens = await shop.phone_session(PHONE)
    assert tokens["created"] is False
    me = await client.get("/v1/me", headers=bearer(tokens["access_token"]))
    assert me.json()["identities"][0]["verified"] is True


async def test_each_refresh_brings_the_next_pair(client: httpx.AsyncClient, shop: Shop, clock: MovableClock) -> None:
    tokens: dict[str, Any] = await shop.phone_session(PHONE)
    for _ in range(3):
        clock.advance(minutes=16)
        assert (await client.get("/v1/me", headers=bearer(tokens["access_token"]))).status_code == 401
        answer = await refresh(client, tokens["refresh_token"])
        assert answer.status_code == 201
        assert answer.json()["refresh_token"] != tokens["refresh_token"]
        tokens = answer.json()
        assert (await client.get("/v1/me", headers=bearer(tokens["access_token"]))).status_code == 200


async def test_a_lost_answer_is_forgiven_with_the_same_successor(
    client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    tokens = await shop.phone_session(PHONE)
    answers = await asyncio.gather(*(refresh(client, tokens["refresh_token"]) for _ in range(8)))
    clock.advance(seconds=30)
    answers.append(await refresh(client, tokens["refresh_token"]))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


@pytest.mark.parametrize("rotations", [1, 2])
async def test_an_old_refresh_token_ends_the_session_for_both(
    client: httpx.AsyncClient, shop: Shop, clock: MovableClock, rotations: int
) -> None:
    stolen = tokens = await shop.phone_session(PHONE)
    other_phone = await shop.phone_session(PHONE)
    for _ in range(rotations):
        tokens = (await refresh(client, tokens["refresh_token"])).json()
    clock.advance(seconds=31 if rotations == 1 else 1)
    assert (await refresh(client, stolen["refresh_token"])).json()["code"] == "session_ended"
    assert (await refresh(client, tokens["refresh_token"])).status_code == 403
    clock.advance(seconds=2)
    assert (await client.get("/v1/me", headers=bearer(tokens["access_token"]))).status_code == 401
    assert (await refresh(client, other_phone["refresh_token"])).status_code == 201


async def test_signing_out_ends_this_phone_alone(client: httpx.AsyncClient, shop: Shop, clock: MovableClock) -> None:
    here, there = await shop.phone_session(PHONE), await shop.phone_session(PHONE)
    answer = await client.delete("/v1/me/sessions/current", headers=bearer(here["access_token"]))
    assert answer.status_code == 204
    clock.advance(seconds=2)
    assert (await client.get("/v1/me", headers=bearer(here["access_token"]))).status_code == 401
    assert (await refresh(client, here["refresh_token"])).status_code == 403
    assert (await client.get("/v1/me", headers=bearer(there["access_token"]))).status_code == 200


async def test_signing_out_ends_a_session_that_is_older_than_a_merge(
    services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    older, survivor = await shop.member(phone=PHONE), await shop.member(card="290000001234")
    tokens = await shop.phone_session(PHONE)
    async with services.database.write() as session:
        await merge_members(
            session, source_id=older, target_id=survivor, actor="staff:x", reason="twins", now=services.clock()
        )
        await session.commit()
    tokens = (await refresh(client, tokens["refresh_token"])).json()
    answer = await client.delete("/v1/me/sessions/current", headers=bearer(tokens["access_token"]))
    assert answer.status_code == 204
    clock.advance(seconds=2)
    assert (await client.get("/v1/me", headers=bearer(tokens["access_token"]))).status_code == 401
    assert (await refresh(client, tokens["refresh_token"])).status_code == 403


async def test_who_has_as_many_identities_as_one_can_have_still_signs_in(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    member_id = await shop.member(phone=PHONE)
    async with services.database.write() as session:
        for number in range(MOST_PER_MEMBER - 1):
            await attach_identity(
                session,
                member_id,
                identities.card(f"2900{number:08}"),
                verified=False,
                lookup_key=services.lookup_key,
                now=services.clock(),
            )
        await session.commit()
    me = bearer((await shop.phone_session(PHONE))["access_token"])
    had = await client.post("/v1/me/identities", headers=me, json={"card": "290000000000"})
    assert (had.status_code, had.json()["attached"]) == (201, False)
    more = await client.post("/v1/me/identities", headers=me, json={"card": "290000000099"})
    assert (more.status_code, more.json()["code"]) == (409, "too_many_identities")


async def test_a_session_that_is_not_used_ends_after_ninety_days(
    client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    tokens = await shop.phone_session(PHONE)
    clock.advance(days=90)
    assert (await refresh(client, tokens["refresh_token"])).json()["code"] == "session_ended"


async def test_a_refresh_token_cannot_be_made_up(client: httpx.AsyncClient, shop: Shop) -> None:
    tokens = await shop.phone_session(PHONE)
    address, session_id, secret = tokens["refresh_token"].split(".")
    other = "0" if secret[0] != "0" else "1"
    for forged in (
        f"{address}.{session_id}.{other}{secret[1:]}",
        f"{address}.{session_id}.",
        f"{address}.{'0' * 24}.{secret}",
        f"{address}.{session_id}",
        "cbr_0-0-00.x.y",
        "ключ",
    ):
        assert (await refresh(client, forged)).status_code == 403
    assert (await refresh(client, tokens["refresh_token"])).status_code == 201


@pytest.mark.parametrize(
    "body",
    [{}, {"phone": PHONE, "email": "a@example.com"}, {"phone": "12"}, {"email": "nobody"}],
)
async def test_a_code_needs_one_good_address(client: httpx.AsyncClient, body: dict[str, str]) -> None:
    answer = await client.post("/v1/auth/codes", json=body)
    assert answer.status_code == 422


async def test_unknown_members_of_a_body_are_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/auth/codes", json={"phone": PHONE, "admin": True})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")
