"""The audit log: every change, found by what, who, how and when."""

import httpx
import pytest

from loyalty.members.ids import member_public_id
from tests.clocks import MovableClock
from tests.shop import Shop

LOG = "/v1/admin/audit-entries"
STORE = {"store_id": "vera", "name": "Vera", "zone": "Europe/Moscow", "currency": "RUB", "legal_entity": "Coffee LLC"}

ANY = {"If-Match": "*"}


@pytest.fixture
async def owner(shop: Shop) -> dict[str, str]:
    return await shop.staff("owner")


async def actions(client: httpx.AsyncClient, headers: dict[str, str], **query: str) -> list[str]:
    answer = await client.get(LOG, headers=headers, params=query)
    assert answer.status_code == 200, answer.text
    return [entry["action"] for entry in answer.json()["entries"]]


async def test_a_change_is_on_record_with_its_values(client: httpx.AsyncClient, owner: dict[str, str]) -> None:
    await client.post("/v1/admin/stores", headers=owner, json=STORE)
    await client.patch("/v1/admin/stores/vera", headers=owner | ANY, json={"name": "Vera's"})
    changed, made = (await client.get(LOG, headers=owner)).json()["entries"]
    assert (made["action"], made["before"], made["after"]["name"]) == ("store.created", None, "Vera")
    assert (changed["subject"], changed["before"]["name"], changed["after"]["name"]) == ("store:vera", "Vera", "Vera's")
    assert changed["actor"].startswith("staff:")


async def test_a_refused_change_and_a_replay_leave_nothing_on_record(
    client: httpx.AsyncClient, owner: dict[str, str]
) -> None:
    keyed = owner | {"Idempotency-Key": "vera"}
    for _ in range(2):
        await client.post("/v1/admin/stores", headers=keyed, json=STORE)
    await client.post("/v1/admin/stores", headers=owner, json=STORE)
    await client.patch("/v1/admin/stores/vera", headers=owner | ANY, json={"name": "X", "zone": "Nowhere"})
    assert await actions(client, owner) == ["store.created"]


async def test_entries_are_found_by_subject_actor_action_and_time(
    client: httpx.AsyncClient, owner: dict[str, str], shop: Shop, clock: MovableClock
) -> None:
    manager = await shop.staff("manager")
    await client.post("/v1/admin/stores", headers=owner, json=STORE)
    noon = clock.advance(hours=1).isoformat()
    await client.patch("/v1/admin/stores/vera", headers=manager | ANY, json={"status": "closed"})
    await client.post("/v1/admin/stores", headers=manager, json=STORE | {"store_id": "other"})
    assert await actions(client, owner, subject="store:vera") == ["store.changed", "store.created"]
    assert await actions(client, owner, action="store.created", until=noon) == ["store.created"]
    assert await actions(client, owner, **{"from": noon}) == ["store.created", "store.changed"]
    (first,) = (await client.get(LOG, headers=owner, params={"until": noon})).json()["entries"]
    assert await actions(client, owner, actor=first["actor"]) == ["store.created"]
    assert await actions(client, owner, subject="store:absent") == []


async def test_a_walk_through_the_log_meets_every_entry_once(client: httpx.AsyncClient, owner: dict[str, str]) -> None:
    for number in range(5):
        await client.post("/v1/admin/stores", headers=owner, json=STORE | {"store_id": f"s{number}"})
    subjects: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(LOG, headers=owner, params=query)).json()
        subjects += [entry["subject"] for entry in page["entries"]]
        cursor = page["next"]
    assert subjects == [f"store:s{number}" for number in reversed(range(5))]


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-03-01T00:00:00"},
        {"until": "yesterday"},
        {"until": "0001-01-01T00:00:00+14:00"},
        {"subject": "a\u0000"},
        {"subject": "x" * 161},
        {"cursor": "IngI"},
    ],
)
async def test_a_question_that_cannot_be_is_malformed(
    client: httpx.AsyncClient, owner: dict[str, str], query: dict[str, str]
) -> None:
    answer = await client.get(LOG, headers=owner, params=query)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


async def test_erasing_a_person_reaches_the_values_of_the_past(
    client: httpx.AsyncClient, owner: dict[str, str], shop: Shop
) -> None:
    public_id = member_public_id(await shop.member())
    body = {"earning_frozen": True, "spending_frozen": False, "blocked": False, "reason": "review", "note": "Anna"}
    await client.put(f"/v1/admin/members/{public_id}/standing", headers=owner, json=body)
    before = (await client.get(LOG, headers=owner, params={"subject": public_id})).json()["entries"]
    assert before[0]["after"]["note"] == "Anna"
    await client.post(f"/v1/admin/members/{public_id}/erasures", headers=owner, json={"reason": "asked"})
    entries = (await client.get(LOG, headers=owner, params={"subject": public_id})).json()["entries"]
    assert [(entry["action"], entry["reason"]) for entry in entries] == [
        ("member.erased", "asked"),
        ("member.standing_changed", "review"),
    ]
    assert [(entry["before"], entry["after"]) for entry in entries] == [(None, None), (None, None)]
