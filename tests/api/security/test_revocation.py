"""Keys and people that are gone are refused within seconds, not when their token ends."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from api.services import Services
from loyalty.access.keys import issue_key, revoke_key
from loyalty.cashiers import dismiss_cashier
from loyalty.staff import LastOwnerError, change_roles, dismiss_staff
from loyalty.stores import StoreChanges, change_store
from loyalty.terminals import issue_terminal_key, revoke_terminal
from tests.clocks import MovableClock
from tests.shop import PIN, Shop, bearer

NOBODY = {"phone": "+79990000099"}


async def committed(services: Services, act: Callable[..., Awaitable[object]], *args: object) -> None:
    async with services.database.write() as session:
        await act(session, *args, now=services.clock())
        await session.commit()


async def is_signed_in(client: httpx.AsyncClient, headers: dict[str, str]) -> bool:
    answer = await client.post("/v1/pos/lookups", headers=headers, json=NOBODY)
    assert answer.status_code in (401, 404)
    return answer.status_code == 404


async def test_a_revoked_key_is_refused_within_seconds(
    client: httpx.AsyncClient, shop: Shop, services: Services, clock: MovableClock
) -> None:
    till = await shop.till()
    assert await is_signed_in(client, till.headers)
    await committed(services, revoke_key, till.key_id)
    clock.advance(seconds=2)
    assert not await is_signed_in(client, till.headers)
    assert (await client.post("/v1/pos/sessions", json={"key": till.key})).status_code == 403


async def test_a_new_key_of_the_same_terminal_works_at_once(
    client: httpx.AsyncClient, shop: Shop, services: Services, clock: MovableClock
) -> None:
    till = await shop.till()
    async with services.database.write() as session:
        fresh = await issue_terminal_key(session, terminal_id=till.terminal_id, label="new", now=services.clock())
        await revoke_key(session, till.key_id, now=services.clock())
        await session.commit()
    clock.advance(seconds=2)
    answer = await client.post("/v1/pos/sessions", json={"key": fresh.secret})
    assert await is_signed_in(client, bearer(answer.json()["access_token"]))
    assert not await is_signed_in(client, till.headers)


async def test_a_revoked_terminal_is_refused_with_all_its_keys(
    client: httpx.AsyncClient, shop: Shop, services: Services, clock: MovableClock
) -> None:
    till, other = await shop.till(), await shop.till()
    await committed(services, revoke_terminal, till.terminal_id)
    clock.advance(seconds=2)
    assert not await is_signed_in(client, till.headers)
    assert await is_signed_in(client, other.headers)
    assert (await client.post("/v1/pos/sessions", json={"key": till.key})).status_code == 403


async def test_closing_a_store_signs_out_its_tills_and_the_hubs_that_act_for_them(
    client: httpx.AsyncClient, shop: Shop, services: Services, clock: MovableClock
) -> None:
    closed = await shop.store()
    till, elsewhere = await shop.till(store_id=closed), await shop.till()
    hub = await shop.till(kind="hub", acts_for=[till.terminal_id])
    await committed(services, change_store, closed, StoreChanges(name="Other"))
    clock.advance(seconds=2)
    assert [await is_signed_in(client, each.headers) for each in (till, hub, elsewhere)] == [True, True, True]
    await committed(services, change_store, closed, StoreChanges(status="closed"))
    clock.advance(seconds=2)
    assert [await is_signed_in(client, each.headers) for each in (till, hub, elsewhere)] == [False, False, True]


async def test_a_terminal_that_is_dropped_signs_out_its_hub(
    client: httpx.AsyncClient, shop: Shop, services: Services, clock: MovableClock
) -> None:
    till = await shop.till()
    hub = await shop.till(kind="hub", acts_for=[till.terminal_id])
    await committed(services, revoke_terminal, till.terminal_id)
    clock.advance(seconds=2)
    assert not await is_signed_in(client, hub.headers)
    answer = await client.post("/v1/pos/sessions", json={"key": hub.key})
    assert await is_signed_in(client, bearer(answer.json()["access_token"]))


async def test_a_dismissed_cashier_is_refused_and_the_till_goes_on(
    client: httpx.AsyncClient, shop: Shop, services: Services, clock: MovableClock
) -> None:
    till, cashier = await shop.till(), await shop.cashier()
    body = {"cashier_id": cashier, "pin": PIN}
    signed_in = await client.post("/v1/pos/cashier-sessions", headers=till.headers, json=body)
    at_the_till = bearer(signed_in.json()["access_token"])
    assert await is_signed_in(client, at_the_till)
    await committed(services, dismiss_cashier, cashier)
    clock.advance(seconds=2)
    assert not await is_signed_in(client, at_the_till)
    assert await is_signed_in(client, till.headers)


@pytest.mark.parametrize("key", ["", "cbk_0123456789abcdef_" + "0" * 64, "cbk_x_y", "ключ", "a" * 300])
async def test_what_is_no_key_signs_no_terminal_in(client: httpx.AsyncClient, key: str) -> None:
    answer = await client.post("/v1/pos/sessions", json={"key": key})
    assert answer.status_code in (400, 403)


async def test_a_systems_key_signs_no_terminal_in(client: httpx.AsyncClient, services: Services) -> None:
    async with services.database.write() as session:
        key = await issue_key(session, terminal_id=None, label="billing", scopes=["events:write"], now=services.clock())
        await session.commit()
    assert (await client.post("/v1/pos/sessions", json={"key": key.secret})).status_code == 403


async def test_changed_roles_end_the_present_session(
    client: httpx.AsyncClient, shop: Shop, services: Services, clock: MovableClock
) -> None:
    await shop.staff("owner")
    owner = await shop.staff("owner")
    path = "/v1/admin/development/outbox"
    assert (await client.get(path, headers=owner)).status_code == 200
    body = {"email": "staff2@example.com", "password": "a long made-up password"}
    staff_id = (await client.post("/v1/admin/sessions", json=body)).json()["staff_id"]
    async with services.database.write() as session:
        await change_roles(session, staff_id, roles=["analyst"], now=services.clock())
        await session.commit()
    clock.advance(seconds=2)
    assert (await client.get(path, headers=owner)).status_code == 401
    again = bearer((await client.post("/v1/admin/sessions", json=body)).json()["access_token"])
    refused = await client.get(path, headers=again)
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_missing")


async def test_the_last_owner_cannot_leave(client: httpx.AsyncClient, shop: Shop, services: Services) -> None:
    await shop.staff("owner")
    await shop.staff("manager")
    body = {"email": "staff1@example.com", "password": "a long made-up password"}
    staff_id = (await client.post("/v1/admin/sessions", json=body)).json()["staff_id"]
    with pytest.raises(LastOwnerError):
        await committed(services, dismiss_staff, staff_id)
