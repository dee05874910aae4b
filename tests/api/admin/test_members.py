"""Members as support sees them: found, shown, frozen, joined, forgotten."""

from typing import Any

import httpx
import pytest

from api.services import Services
from kernel.database import driver
from loyalty.members.ids import member_public_id
from tests.clocks import MovableClock
from tests.journeys.test_purchases import sale, sell
from tests.programmes import publish
from tests.shop import Shop, bearer

MEMBERS = "/v1/admin/members"
PHONE = "+79990000001"
FREE = {"earning_frozen": False, "spending_frozen": False, "blocked": False}


@pytest.fixture
async def support(shop: Shop) -> dict[str, str]:
    return await shop.staff("support")


@pytest.fixture
async def anna(shop: Shop) -> str:
    return member_public_id(await shop.member(phone=PHONE, card="290000001234", email="anna@example.com"))


async def shown(client: httpx.AsyncClient, headers: dict[str, str], member_id: str) -> dict[str, Any]:
    answer = await client.get(f"{MEMBERS}/{member_id}", headers=headers)
    assert answer.status_code == 200, answer.text
    profile: dict[str, Any] = answer.json()
    return profile


async def identity(client: httpx.AsyncClient, headers: dict[str, str], member_id: str, kind: str) -> str:
    found = (await shown(client, headers, member_id))["identities"]
    return next(str(one["identity_id"]) for one in found if one["kind"] == kind)


@pytest.mark.parametrize(
    "how", [{"phone": "8 (999) 000-00-01"}, {"card": "2900-0000-1234"}, {"email": "ANNA@example.com"}]
)
async def test_a_member_is_found_by_whatever_they_are_known_by(
    client: httpx.AsyncClient, support: dict[str, str], anna: str, how: dict[str, str]
) -> None:
    answer = await client.post("/v1/admin/member-searches", headers=support, json=how)
    assert (answer.status_code, answer.json()["member_id"]) == (200, anna)


@pytest.mark.parametrize(
    ("how", "status"),
    [({"phone": "+79990000009"}, 404), ({"phone": "1"}, 422), ({}, 422), ({"name": "Anna"}, 400), ({"phone": 7}, 400)],
)
async def test_a_search_that_leads_to_nobody_says_so(
    client: httpx.AsyncClient, support: dict[str, str], anna: str, how: dict[str, Any], status: int
) -> None:
    assert (await client.post("/v1/admin/member-searches", headers=support, json=how)).status_code == status


async def test_personal_data_is_masked_for_those_who_need_not_know_it(
    client: httpx.AsyncClient, support: dict[str, str], shop: Shop, anna: str
) -> None:
    masked, clear = await shown(client, support, anna), await shown(client, await shop.staff("manager"), anna)
    assert (masked["personal_data"], masked["name"], masked["birthday"]) == ("masked", "Anna K.", None)
    assert [one["value"] for one in masked["identities"]] == ["••••1234", "a•••@example.com", "+7 ••• ••• 00-01"]
    assert (clear["personal_data"], clear["name"]) == ("clear", "Anna Kovaleva")
    assert [one["value"] for one in clear["identities"]] == ["290000001234", "anna@example.com", PHONE]


async def test_members_are_listed_without_personal_data_the_latest_first(
    client: httpx.AsyncClient, support: dict[str, str], shop: Shop, anna: str
) -> None:
    later = [member_public_id(await shop.member()) for _ in range(2)]
    await client.put(f"{MEMBERS}/{anna}/standing", headers=support, json=FREE | {"blocked": True, "reason": "review"})
    first = await client.get(f"{MEMBERS}?limit=2", headers=support)
    second = await client.get(MEMBERS, headers=support, params={"limit": 2, "cursor": first.json()["next"]})
    ids = [member["member_id"] for page in (first, second) for member in page.json()["members"]]
    assert ids == [later[1], later[0], anna]
    assert "Anna" not in first.text + second.text
    blocked = (await client.get(f"{MEMBERS}?status=blocked", headers=support)).json()["members"]
    assert [member["member_id"] for member in blocked] == [anna]


async def test_a_lost_card_is_replaced_in_one_step(
    client: httpx.AsyncClient, support: dict[str, str], anna: str
) -> None:
    old = await identity(client, support, anna, "card")
    body = {"card": "2900 0000 7777", "replaces": old}
    keyed = support | {"Idempotency-Key": "card-1"}
    first = await client.post(f"{MEMBERS}/{anna}/identities", headers=keyed, json=body)
    again = await client.post(f"{MEMBERS}/{anna}/identities", headers=keyed, json=body)
    assert (first.status_code, again.content) == (201, first.content)
    cards = [one["value"] for one in (await shown(client, support, anna))["identities"] if one["kind"] == "card"]
    assert cards == ["••••7777"]
    lost = await client.post("/v1/admin/member-searches", headers=support, json={"card": "290000001234"})
    assert lost.status_code == 404


async def test_a_replacement_of_what_is_not_there_attaches_nothing(
    client: httpx.AsyncClient, support: dict[str, str], anna: str
) -> None:
    body = {"card": "2900 0000 7777", "replaces": "0123456789abcdef"}
    answer = await client.post(f"{MEMBERS}/{anna}/identities", headers=support, json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "identity_not_found")
    found = await client.post("/v1/admin/member-searches", headers=support, json={"card": "290000007777"})
    assert found.status_code == 404


async def test_the_last_identity_stays(client: httpx.AsyncClient, support: dict[str, str], shop: Shop) -> None:
    member_id = member_public_id(await shop.member(card="290000005555"))
    path = f"{MEMBERS}/{member_id}/identities/{await identity(client, support, member_id, 'card')}"
    answer = await client.delete(path, headers=support)
    assert (answer.status_code, answer.json()["code"]) == (409, "last_identity")


async def test_whoever_signed_in_with_a_removed_phone_is_signed_out(
    client: httpx.AsyncClient, support: dict[str, str], anna: str, clock: MovableClock, shop: Shop
) -> None:
    session = await shop.phone_session(PHONE)
    path = f"{MEMBERS}/{anna}/identities/{await identity(client, support, anna, 'phone')}"
    assert (await client.delete(path, headers=support)).status_code == 204
    clock.advance(seconds=3)
    assert (await client.get("/v1/me", headers=bearer(session["access_token"]))).status_code == 401
    refreshed = await client.post("/v1/auth/refreshes", json={"refresh_token": session["refresh_token"]})
    assert refreshed.status_code == 403


async def test_a_card_with_an_account_of_its_own_names_whom_to_merge(
    client: httpx.AsyncClient, support: dict[str, str], anna: str, shop: Shop
) -> None:
    holder = member_public_id(await shop.member(card="290000005555"))
    body = {"card": "290000005555"}
    answer = await client.post(f"{MEMBERS}/{anna}/identities", headers=support, json=body)
    assert (answer.status_code, answer.json()["code"], answer.json()["holder"]) == (
        409,
        "card_has_its_own_account",
        holder,
    )
    merge = {"source_id": holder, "reason": "same-person"}
    assert (await client.post(f"{MEMBERS}/{anna}/merges", headers=support, json=merge)).status_code == 201
    found = await client.post("/v1/admin/member-searches", headers=support, json=body)
    assert found.json()["member_id"] == anna
    assert (await shown(client, support, holder))["member_id"] == anna


@pytest.mark.parametrize("body", [{}, {"card": "29000001", "phone": PHONE}, {"external_id": "7"}])
async def test_one_identity_is_attached_at_a_time(
    client: httpx.AsyncClient, support: dict[str, str], anna: str, body: dict[str, str]
) -> None:
    answer = await client.post(f"{MEMBERS}/{anna}/identities", headers=support, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "one_identity_needed")


async def test_a_frozen_member_earns_nothing_until_released(
    client: httpx.AsyncClient, support: dict[str, str], anna: str, services: Services, shop: Shop
) -> None:
    await publish(services)
    till, path = await shop.till(), f"{MEMBERS}/{anna}/standing"
    frozen = await client.put(path, headers=support, json=FREE | {"earning_frozen": True, "reason": "review"})
    assert (frozen.status_code, frozen.json()["earning_frozen"]) == (200, True)
    first = await sell(client, till, sale("1", member={"id": anna}), "sale-1")
    await client.put(path, headers=support, json=FREE | {"reason": "cleared"})
    second = await sell(client, till, sale("2", member={"id": anna}), "sale-2")
    assert first.json()["earned"] == []
    assert "earning_frozen" in first.json()["flags"]
    assert [lot["points"] for lot in second.json()["earned"]] == [100]


async def test_an_erased_member_is_gone_and_cannot_be_brought_back(
    client: httpx.AsyncClient, anna: str, shop: Shop, services: Services
) -> None:
    manager, session = await shop.staff("manager"), await shop.phone_session(PHONE)
    keyed = manager | {"Idempotency-Key": "erase-anna"}
    first = await client.post(f"{MEMBERS}/{anna}/erasures", headers=keyed, json={"reason": "asked"})
    again = await client.post(f"{MEMBERS}/{anna}/erasures", headers=keyed, json={"reason": "asked"})
    assert (first.status_code, again.content) == (201, first.content)
    for answer in (
        await client.get(f"{MEMBERS}/{anna}", headers=manager),
        await client.post("/v1/admin/member-searches", headers=manager, json={"phone": PHONE}),
        await client.put(f"{MEMBERS}/{anna}/standing", headers=manager, json=FREE | {"reason": "x"}),
        await client.post(f"{MEMBERS}/{anna}/adjustments", headers=manager, json={"points": 1, "reason": "x"}),
        await client.post(f"{MEMBERS}/{anna}/identities", headers=manager, json={"card": "29000001"}),
        await client.post(f"{MEMBERS}/{anna}/erasures", headers=manager, json={"reason": "asked"}),
    ):
        assert answer.status_code in (404, 409), answer.text
    assert (await client.get("/v1/me", headers=bearer(session["access_token"]))).status_code in (401, 404)
    async with services.database.read() as reading:
        assert await (await driver(reading)).fetchval("SELECT count(*) FROM person_identity") == 0


async def test_an_export_holds_the_person_and_is_on_record(client: httpx.AsyncClient, anna: str, shop: Shop) -> None:
    manager = await shop.staff("manager")
    answer = await client.get(f"{MEMBERS}/{anna}/export", headers=manager)
    assert (answer.status_code, answer.json()["profile"]["name"]) == (200, "Anna Kovaleva")
    log = (await client.get("/v1/admin/audit-entries", headers=manager, params={"subject": anna})).json()
    assert [entry["action"] for entry in log["entries"]] == ["member.exported"]


@pytest.mark.parametrize(
    "member_id", ["mem_1-00", "mem_zzzzz-zz", "pur_1-1-00", "x", "mem_" + "z" * 70, "%00", "me%20m"]
)
@pytest.mark.parametrize("resource", ["", "/balance", "/entries", "/purchases/pur_1-1-00", "/export"])
async def test_an_absent_member_is_not_found_under_any_path(
    client: httpx.AsyncClient, shop: Shop, services: Services, member_id: str, resource: str
) -> None:
    await publish(services)
    answer = await client.get(f"{MEMBERS}/{member_id}{resource}", headers=await shop.staff("owner"))
    assert (answer.status_code, answer.json()["code"]) == (404, "member_not_found")


async def test_what_is_kept_of_a_request_names_nobody(
    client: httpx.AsyncClient, support: dict[str, str], anna: str, services: Services
) -> None:
    keyed = support | {"Idempotency-Key": "attach-1"}
    await client.post(f"{MEMBERS}/{anna}/identities", headers=keyed, json={"phone": "+79990007777"})
    async with services.database.read() as session:
        row = await (await driver(session)).fetchrow("SELECT body, outcome FROM idempotency_key")
    assert row is not None
    assert b"7777" not in row["body"] + row["outcome"]
