"""Cashiers and staff: taken on, locked in and out, gone."""

import asyncio
from typing import Any

import httpx
import pytest

from api.services import Services
from kernel.database import driver
from tests.clocks import MovableClock
from tests.shop import PASSWORD, Shop, bearer

CASHIER = {"cashier_id": "vera-3", "name": "Vera", "pin": "4815"}
BORIS = {"email": "Boris@example.com", "name": "Boris", "password": PASSWORD, "roles": ["support"]}


@pytest.fixture
async def owner(shop: Shop) -> dict[str, str]:
    return await shop.staff("owner")


async def own_id(client: httpx.AsyncClient, owner: dict[str, str]) -> str:
    (only,) = (await client.get("/v1/admin/staff", headers=owner)).json()["staff"]
    return str(only["staff_id"])


async def test_a_cashier_signs_in_until_they_leave(
    client: httpx.AsyncClient, owner: dict[str, str], shop: Shop, clock: MovableClock
) -> None:
    till = await shop.till()
    assert (await client.post("/v1/admin/cashiers", headers=owner, json=CASHIER)).status_code == 201
    sign_in = {"cashier_id": "vera-3", "pin": "4815"}
    signed_in = await client.post("/v1/pos/cashier-sessions", headers=till.headers, json=sign_in)
    assert signed_in.status_code == 201
    assert (await client.delete("/v1/admin/cashiers/vera-3", headers=owner)).status_code == 204
    assert (await client.get("/v1/admin/cashiers/vera-3", headers=owner)).json()["status"] == "left"
    clock.advance(seconds=3)
    refused = await client.post("/v1/pos/cashier-sessions", headers=till.headers, json=sign_in)
    token = bearer(signed_in.json()["access_token"])
    lookup = await client.post("/v1/pos/lookups", headers=token, json={"card": "29000001"})
    assert (refused.status_code, lookup.status_code) == (403, 401)


async def test_a_new_pin_ends_a_lock_out(client: httpx.AsyncClient, owner: dict[str, str], shop: Shop) -> None:
    till = await shop.till()
    await client.post("/v1/admin/cashiers", headers=owner, json=CASHIER)
    for _ in range(5):
        body = {"cashier_id": "vera-3", "pin": "0000"}
        await client.post("/v1/pos/cashier-sessions", headers=till.headers, json=body)
    assert (await client.get("/v1/admin/cashiers/vera-3", headers=owner)).json()["locked_until"] is not None
    answer = await client.put("/v1/admin/cashiers/vera-3/pin", headers=owner, json={"pin": "162342"})
    assert (answer.status_code, answer.content) == (204, b"")
    body = {"cashier_id": "vera-3", "pin": "162342"}
    signed_in = await client.post("/v1/pos/cashier-sessions", headers=till.headers, json=body)
    assert signed_in.status_code == 201


@pytest.mark.parametrize("pin", ["123", "1" * 13, "12a4", "١٢٣٤", "1234\n", 1234, None])
async def test_a_pin_is_four_to_twelve_digits(client: httpx.AsyncClient, owner: dict[str, str], pin: object) -> None:
    answer = await client.post("/v1/admin/cashiers", headers=owner, json=CASHIER | {"pin": pin})
    assert answer.status_code in (400, 422)
    assert (await client.get("/v1/admin/cashiers", headers=owner)).json()["cashiers"] == []


async def test_what_is_kept_of_a_request_tells_no_secret_and_no_name(
    client: httpx.AsyncClient, owner: dict[str, str], services: Services
) -> None:
    keyed = owner | {"Idempotency-Key": "people-1"}
    await client.post("/v1/admin/staff", headers=keyed, json=BORIS)
    keyed = owner | {"Idempotency-Key": "people-2"}
    await client.post("/v1/admin/cashiers", headers=keyed, json=CASHIER)
    async with services.database.read() as session:
        rows = await (await driver(session)).fetch("SELECT body, outcome FROM idempotency_key")
    assert len(rows) == 2
    kept = b"".join(value for row in rows for value in row if value)
    for word in (b"oris", b"4815", b"Vera", PASSWORD.encode()):
        assert word not in kept


async def test_the_same_person_is_taken_on_once(client: httpx.AsyncClient, owner: dict[str, str]) -> None:
    keyed = owner | {"Idempotency-Key": "boris"}
    first = await client.post("/v1/admin/staff", headers=keyed, json=BORIS)
    again = await client.post("/v1/admin/staff", headers=keyed, json=BORIS)
    assert (first.status_code, again.content) == (201, first.content)
    other = await client.post("/v1/admin/staff", headers=keyed, json=BORIS | {"password": PASSWORD + "!"})
    assert (other.status_code, other.json()["differences"]) == (422, ["/body/password"])
    taken = await client.post("/v1/admin/staff", headers=owner, json=BORIS | {"email": "boris@EXAMPLE.com"})
    assert (taken.status_code, taken.json()["code"]) == (409, "staff_exists")


@pytest.mark.parametrize(
    "change",
    [
        {"roles": []},
        {"roles": ["admin"]},
        {"roles": "owner"},
        {"password": "short"},
        {"email": "boris"},
        {"name": "\u0000"},
        {"status": "left"},
    ],
)
async def test_a_person_who_cannot_be_is_not_taken_on(
    client: httpx.AsyncClient, owner: dict[str, str], change: dict[str, Any]
) -> None:
    answer = await client.post("/v1/admin/staff", headers=owner, json=BORIS | change)
    assert answer.status_code in (400, 422)
    assert len((await client.get("/v1/admin/staff", headers=owner)).json()["staff"]) == 1


async def test_other_roles_count_from_the_next_sign_in(
    client: httpx.AsyncClient, owner: dict[str, str], clock: MovableClock
) -> None:
    made = (await client.post("/v1/admin/staff", headers=owner, json=BORIS)).json()
    sign_in = {"email": BORIS["email"], "password": PASSWORD}
    boris = bearer((await client.post("/v1/admin/sessions", json=sign_in)).json()["access_token"])
    assert (await client.get("/v1/admin/audit-entries", headers=boris)).status_code == 403
    path = f"/v1/admin/staff/{made['staff_id']}/roles"
    changed = await client.put(path, headers=owner, json={"roles": ["manager", "support"]})
    assert changed.json()["roles"] == ["manager", "support"]
    clock.advance(seconds=3)
    assert (await client.get("/v1/admin/audit-entries", headers=boris)).status_code == 401
    boris = bearer((await client.post("/v1/admin/sessions", json=sign_in)).json()["access_token"])
    assert (await client.get("/v1/admin/audit-entries", headers=boris)).status_code == 200


async def test_the_last_owner_stays_one(client: httpx.AsyncClient, owner: dict[str, str], shop: Shop) -> None:
    me = await own_id(client, owner)
    demoted = await client.put(f"/v1/admin/staff/{me}/roles", headers=owner, json={"roles": ["manager"]})
    left = await client.delete(f"/v1/admin/staff/{me}", headers=owner)
    assert (demoted.status_code, demoted.json()["code"]) == (409, "last_owner")
    assert (left.status_code, left.json()["code"]) == (409, "last_owner")
    assert (await client.get(f"/v1/admin/staff/{me}", headers=owner)).json()["roles"] == ["owner"]
    await shop.staff("owner")
    assert (await client.delete(f"/v1/admin/staff/{me}", headers=owner)).status_code == 204


async def test_two_owners_who_dismiss_each_other_at_once_leave_one(
    client: httpx.AsyncClient, owner: dict[str, str], shop: Shop
) -> None:
    me = await own_id(client, owner)
    other = await shop.staff("owner")
    them = next(
        person["staff_id"]
        for person in (await client.get("/v1/admin/staff", headers=owner)).json()["staff"]
        if person["staff_id"] != me
    )
    answers = await asyncio.gather(
        client.delete(f"/v1/admin/staff/{them}", headers=owner),
        client.delete(f"/v1/admin/staff/{me}", headers=other),
    )
    assert sorted(answer.status_code for answer in answers) in ([204, 409], [204, 401])


async def test_a_new_password_replaces_the_old_one(client: httpx.AsyncClient, owner: dict[str, str]) -> None:
    made = (await client.post("/v1/admin/staff", headers=owner, json=BORIS)).json()
    path = f"/v1/admin/staff/{made['staff_id']}/password"
    assert (await client.put(path, headers=owner, json={"password": "another long password"})).status_code == 204
    old = await client.post("/v1/admin/sessions", json={"email": BORIS["email"], "password": PASSWORD})
    new = await client.post("/v1/admin/sessions", json={"email": BORIS["email"], "password": "another long password"})
    assert (old.status_code, new.status_code) == (403, 201)
