"""Stores, terminals and keys: made once, changed, revoked."""

import asyncio
from typing import Any

import httpx
import pytest

from api.services import Services
from loyalty.terminals import MOST_CHARACTERS_ACTED_FOR, create_terminal
from tests.clocks import MovableClock
from tests.shop import PIN, Shop, bearer

STORE = {"store_id": "vera", "name": "Vera", "zone": "Europe/Moscow", "currency": "RUB", "legal_entity": "Coffee LLC"}
ANY = {"If-Match": "*"}
TERMINAL = {"terminal_id": "till-a", "store_id": "vera", "name": "By the door"}


@pytest.fixture
async def owner(shop: Shop) -> dict[str, str]:
    return await shop.staff("owner")


@pytest.fixture
async def store(client: httpx.AsyncClient, owner: dict[str, str]) -> str:
    assert (await client.post("/v1/admin/stores", headers=owner, json=STORE)).status_code == 201
    return STORE["store_id"]


async def test_a_store_is_made_once_per_key_and_once_per_id(client: httpx.AsyncClient, owner: dict[str, str]) -> None:
    keyed = owner | {"Idempotency-Key": "open-vera"}
    first = await client.post("/v1/admin/stores", headers=keyed, json=STORE)
    again = await client.post("/v1/admin/stores", headers=keyed, json=STORE)
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    other = await client.post("/v1/admin/stores", headers=keyed, json=STORE | {"name": "Other"})
    assert (other.status_code, other.json()["differences"]) == (422, ["/body/name"])
    taken = await client.post("/v1/admin/stores", headers=owner, json=STORE)
    assert (taken.status_code, taken.json()["code"]) == (409, "store_exists")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"store_id": "a b"}, 400),
        ({"store_id": "x" * 64}, 400),
        ({"store_id": 7}, 400),
        ({"name": ""}, 400),
        ({"name": "a\u0000"}, 400),
        ({"name": " a"}, 400),
        ({"name": "x" * 201}, 400),
        ({"currency": "rub"}, 400),
        ({"surprise": 1}, 400),
        ({"zone": "Moscow"}, 422),
        ({"zone": "../etc"}, 422),
    ],
)
async def test_a_store_that_cannot_be_is_not_made(
    client: httpx.AsyncClient, owner: dict[str, str], change: dict[str, Any], status: int
) -> None:
    assert (await client.post("/v1/admin/stores", headers=owner, json=STORE | change)).status_code == status
    assert (await client.get("/v1/admin/stores", headers=owner)).json() == {"stores": [], "next": None}


async def test_what_is_left_out_of_a_change_stays(client: httpx.AsyncClient, owner: dict[str, str], store: str) -> None:
    path = f"/v1/admin/stores/{store}"
    etag = (await client.get(path, headers=owner)).headers["etag"]
    changed = await client.patch(path, headers=owner | ANY, json={"status": "closed"})
    assert {**changed.json(), "created_at": None} == {**STORE, "status": "closed", "created_at": None}
    conditional = owner | {"If-None-Match": etag}
    assert (await client.get(path, headers=conditional)).json()["status"] == "closed"
    await client.patch(path, headers=owner | ANY, json={"status": "open"})
    assert (await client.get(path, headers=conditional)).status_code == 304
    refused = await client.patch(path, headers=owner | ANY, json={"name": "Other", "zone": "Moscow"})
    assert refused.status_code == 422
    assert (await client.get(path, headers=conditional)).status_code == 304


async def test_of_two_who_change_what_they_both_read_the_second_is_told(
    client: httpx.AsyncClient, owner: dict[str, str], store: str
) -> None:
    await client.post("/v1/admin/terminals", headers=owner, json=TERMINAL)
    for path in (f"/v1/admin/stores/{store}", "/v1/admin/terminals/till-a"):
        assert (await client.patch(path, headers=owner, json={"name": "A"})).status_code == 400, "If-Match is asked for"
        read = owner | {"If-Match": (await client.get(path, headers=owner)).headers["etag"]}
        answers = await asyncio.gather(*(client.patch(path, headers=read, json={"name": name}) for name in "ABCD"))
        assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
        (won,) = (answer for answer in answers if answer.is_success)
        again = owner | {"If-Match": won.headers["etag"]}
        assert (await client.patch(path, headers=again, json={"name": "E"})).json()["name"] == "E"


async def test_a_terminal_signs_in_with_a_key_that_was_shown_once(
    client: httpx.AsyncClient, owner: dict[str, str], store: str
) -> None:
    assert (await client.post("/v1/admin/terminals", headers=owner, json=TERMINAL)).status_code == 201
    keys, keyed = "/v1/admin/terminals/till-a/keys", owner | {"Idempotency-Key": "key-1"}
    issued = await client.post(keys, headers=keyed, json={"label": "first"})
    secret = issued.json()["secret"]
    again = await client.post(keys, headers=keyed, json={"label": "first"})
    assert (again.status_code, again.json()["code"]) == (409, "secret_shown_once")
    listed = await client.get(keys, headers=owner)
    assert [key["label"] for key in listed.json()["keys"]] == ["first"]
    assert secret not in listed.text
    assert secret.rpartition("_")[2] not in (await client.get("/v1/admin/audit-entries", headers=owner)).text
    assert (await client.post("/v1/pos/sessions", json={"key": secret})).json()["store_id"] == store


async def test_a_revoked_key_opens_nothing_and_its_tokens_neither(
    client: httpx.AsyncClient, owner: dict[str, str], shop: Shop, clock: MovableClock
) -> None:
    till = await shop.till()
    path = f"/v1/admin/terminals/{till.terminal_id}/keys/{till.key_id}"
    for _ in range(2):
        assert (await client.delete(path, headers=owner)).status_code == 204
    clock.advance(seconds=3)
    assert (await client.post("/v1/pos/sessions", json={"key": till.key})).status_code == 403
    assert (await client.post("/v1/pos/lookups", headers=till.headers, json={"card": "29000001"})).status_code == 401


async def test_a_key_is_found_at_its_own_terminal_alone(
    client: httpx.AsyncClient, owner: dict[str, str], shop: Shop
) -> None:
    till, other = await shop.till(), await shop.till()
    issued = await client.post("/v1/admin/system-keys", headers=owner, json={"label": "shop", "scopes": []})
    system_key = issued.json()["key_id"]
    for path in (
        f"/v1/admin/terminals/{other.terminal_id}/keys/{till.key_id}",
        f"/v1/admin/terminals/{till.terminal_id}/keys/{system_key}",
        f"/v1/admin/system-keys/{till.key_id}",
        f"/v1/admin/terminals/absent/keys/{till.key_id}",
        "/v1/admin/system-keys/absent",
    ):
        answer = await client.delete(path, headers=owner)
        assert (answer.status_code, answer.json()["code"]) == (404, "key_not_found")
    assert (await client.post("/v1/pos/sessions", json={"key": till.key})).status_code == 201
    listed = (await client.get("/v1/admin/system-keys", headers=owner)).json()["keys"]
    assert [key["key_id"] for key in listed] == [system_key]


@pytest.mark.parametrize(
    ("scopes", "status", "code"),
    [
        (["events:read"], 422, "scope_unknown"),
        (["events:write", "members:erase"], 422, "scope_unknown"),
        (["Events:Write"], 400, "malformed_request"),
        (["*"], 400, "malformed_request"),
    ],
)
async def test_a_key_is_made_for_known_scopes_alone(
    client: httpx.AsyncClient, owner: dict[str, str], scopes: list[str], status: int, code: str
) -> None:
    path = "/v1/admin/system-keys"
    refused = await client.post(path, headers=owner, json={"label": "shop", "scopes": scopes})
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert (await client.get(path, headers=owner)).json()["keys"] == []
    made = await client.post(path, headers=owner, json={"label": "shop", "scopes": ["events:write"] * 2})
    assert made.status_code == 201
    (key,) = (await client.get(path, headers=owner)).json()["keys"]
    assert key["scopes"] == ["events:write"]


async def test_a_revoked_terminal_stays_listed_and_gets_no_key(
    client: httpx.AsyncClient, owner: dict[str, str], shop: Shop, clock: MovableClock
) -> None:
    till = await shop.till()
    path = f"/v1/admin/terminals/{till.terminal_id}"
    assert (await client.delete(path, headers=owner)).status_code == 204
    assert (await client.get(path, headers=owner)).json()["status"] == "revoked"
    refused = await client.post(f"{path}/keys", headers=owner, json={"label": "another"})
    assert (refused.status_code, refused.json()["code"]) == (409, "terminal_revoked")
    clock.advance(seconds=3)
    assert (await client.post("/v1/pos/lookups", headers=till.headers, json={"card": "29000001"})).status_code == 401


async def test_a_terminal_whose_powers_change_signs_in_again(
    client: httpx.AsyncClient, owner: dict[str, str], shop: Shop, clock: MovableClock
) -> None:
    till = await shop.till()
    path, lookup = f"/v1/admin/terminals/{till.terminal_id}", {"card": "29000001"}
    await client.patch(path, headers=owner | ANY, json={"name": "Renamed"})
    clock.advance(seconds=3)
    assert (await client.post("/v1/pos/lookups", headers=till.headers, json=lookup)).status_code == 404
    await client.patch(path, headers=owner | ANY, json={"training": True})
    clock.advance(seconds=3)
    assert (await client.post("/v1/pos/lookups", headers=till.headers, json=lookup)).status_code == 401
    session = (await client.post("/v1/pos/sessions", json={"key": till.key})).json()
    assert session["training"] is True
    headers = bearer(session["access_token"])
    assert (await client.post("/v1/pos/lookups", headers=headers, json=lookup)).status_code == 404


@pytest.mark.parametrize("change", [{"store_id": "absent"}, {"acts_for": ["absent"], "kind": "hub"}])
async def test_a_terminal_of_what_is_absent_is_not_made(
    client: httpx.AsyncClient, owner: dict[str, str], store: str, change: dict[str, Any]
) -> None:
    answer = await client.post("/v1/admin/terminals", headers=owner, json=TERMINAL | change)
    assert answer.status_code == 404
    assert (await client.get(f"/v1/admin/terminals?store={store}", headers=owner)).json()["terminals"] == []


async def test_a_hub_signs_in_with_as_many_terminals_as_it_can_be_given(
    services: Services, client: httpx.AsyncClient, owner: dict[str, str], store: str
) -> None:
    longest = MOST_CHARACTERS_ACTED_FOR // 80 - 3
    ids, now = [f"{number:0>{longest}}" for number in range(80)], services.clock()
    async with services.database.write() as session:
        for terminal_id in ids:
            await create_terminal(session, terminal_id=terminal_id, store_id=store, name=terminal_id, now=now)
        await session.commit()
    hub = TERMINAL | {"kind": "hub", "terminal_id": "h" * 63}
    refused = await client.post("/v1/admin/terminals", headers=owner, json=hub | {"acts_for": ids})
    assert (refused.status_code, refused.json()["code"]) == (422, "too_many_terminals")
    made = await client.post("/v1/admin/terminals", headers=owner, json=hub | {"acts_for": ids[:79]})
    assert made.status_code == 201
    keys = f"/v1/admin/terminals/{hub['terminal_id']}/keys"
    key = (await client.post(keys, headers=owner, json={"label": "first"})).json()["secret"]
    headers = bearer((await client.post("/v1/pos/sessions", json={"key": key})).json()["access_token"])
    assert (await client.get("/v1/pos/waiting-refunds", headers=headers)).status_code == 200


async def test_a_hub_acts_no_more_for_a_revoked_terminal_nor_for_one_of_a_closed_store(
    client: httpx.AsyncClient, owner: dict[str, str], shop: Shop
) -> None:
    closed = await shop.store()
    revoked, shut, good = await shop.till(), await shop.till(store_id=closed), await shop.till()
    ids = [till.terminal_id for till in (revoked, shut, good)]
    hub = await shop.till(kind="hub", acts_for=ids)

    async def accepted(headers: dict[str, str]) -> list[bool]:
        paths = [f"/v1/pos/waiting-refunds?terminal={terminal_id}" for terminal_id in ids]
        return [(await client.get(path, headers=headers)).status_code == 200 for path in paths]

    assert await accepted(hub.headers) == [True, True, True]
    assert (await client.delete(f"/v1/admin/terminals/{ids[0]}", headers=owner)).is_success
    assert (await client.patch(f"/v1/admin/stores/{closed}", headers=owner | ANY, json={"status": "closed"})).is_success
    session = (await client.post("/v1/pos/sessions", json={"key": hub.key})).json()
    assert await accepted(bearer(session["access_token"])) == [False, False, True]


async def test_nobody_signs_in_at_a_closed_store(
    client: httpx.AsyncClient, owner: dict[str, str], shop: Shop, store: str
) -> None:
    till, cashier = await shop.till(store_id=store), await shop.cashier()
    terminal, person = {"key": till.key}, {"cashier_id": cashier, "pin": PIN}
    for status, expected in (("closed", 403), ("open", 201)):
        await client.patch(f"/v1/admin/stores/{store}", headers=owner | ANY, json={"status": status})
        answers = [
            await client.post("/v1/pos/sessions", json=terminal),
            await client.post("/v1/pos/cashier-sessions", headers=till.headers, json=person),
        ]
        assert [answer.status_code for answer in answers] == [expected] * 2
        assert expected == 201 or {answer.json()["code"] for answer in answers} == {"store_closed"}


async def test_a_walk_through_terminals_keeps_to_its_store(
    client: httpx.AsyncClient, owner: dict[str, str], shop: Shop, store: str
) -> None:
    await shop.till()
    for number in range(3):
        body = TERMINAL | {"terminal_id": f"t{number}"}
        await client.post("/v1/admin/terminals", headers=owner, json=body)
    first = (await client.get(f"/v1/admin/terminals?store={store}&limit=2", headers=owner)).json()
    query = {"store": store, "limit": 2, "cursor": first["next"]}
    second = (await client.get("/v1/admin/terminals", headers=owner, params=query)).json()
    ids = [terminal["terminal_id"] for page in (first, second) for terminal in page["terminals"]]
    assert (ids, second["next"]) == (["t0", "t1", "t2"], None)


@pytest.mark.parametrize("cursor", ["", "x", "%00", "bnVsbA", "MTAw", "ey4", "a" * 2_000, "Ilx1MDAwMCI="])
async def test_a_cursor_that_no_list_gave_is_malformed(
    client: httpx.AsyncClient, owner: dict[str, str], cursor: str
) -> None:
    answer = await client.get(f"/v1/admin/stores?cursor={cursor}", headers=owner)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


@pytest.mark.parametrize("limit", ["0", "201", "-1", "1.5", "ten", "9" * 30, "١"])
async def test_a_page_has_one_to_two_hundred_rows(client: httpx.AsyncClient, owner: dict[str, str], limit: str) -> None:
    assert (await client.get("/v1/admin/stores", headers=owner, params={"limit": limit})).status_code == 400
