"""Staff change what a member could change in the app: nobody's change is lost, and each is on record."""

from typing import Any

import httpx
import pytest

from api.services import Services
from kernel.database import driver
from loyalty.members.consents import MOST_PER_MEMBER
from loyalty.members.ids import member_public_id
from tests.clocks import MovableClock
from tests.journeys.tills import fetch
from tests.shop import Shop, bearer

MEMBERS = "/v1/admin/members"
PHONE = "+79990000001"
YES = {"purpose": "marketing", "channel": "sms", "granted": True, "text_version": "2026-01"}
NO = YES | {"granted": False}


@pytest.fixture
async def support(shop: Shop) -> dict[str, str]:
    return await shop.staff("support")


@pytest.fixture
async def anna(shop: Shop) -> str:
    return member_public_id(await shop.member(phone=PHONE))


async def etag(client: httpx.AsyncClient, headers: dict[str, str], member_id: str) -> str:
    return str((await client.get(f"{MEMBERS}/{member_id}", headers=headers)).headers["etag"])


async def change(
    client: httpx.AsyncClient, headers: dict[str, str], member_id: str, body: dict[str, Any]
) -> httpx.Response:
    read = headers | {"If-Match": await etag(client, headers, member_id)}
    return await client.patch(f"{MEMBERS}/{member_id}", headers=read, json=body)


async def test_what_staff_change_the_member_sees(client: httpx.AsyncClient, shop: Shop, anna: str) -> None:
    manager, me = await shop.staff("manager"), bearer((await shop.phone_session(PHONE))["access_token"])
    body = {"name": " Anna  Petrova ", "birthday": "1990-05-17", "language": "ru", "zone": "Asia/Omsk"}
    answer = await change(client, manager, anna, body | {"consents": [YES]})
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == await etag(client, manager, anna)
    own = (await client.get("/v1/me", headers=me)).json()
    assert {name: own[name] for name in body} == body | {"name": "Anna Petrova"}
    (consent,) = own["consents"]
    assert consent["granted"] is True
    assert consent["source"].startswith("staff:")
    kept = await change(client, manager, anna, {"birthday": None})
    assert (kept.json()["name"], kept.json()["birthday"]) == ("Anna Petrova", None)


async def test_a_change_of_what_somebody_else_changed_is_stale(
    client: httpx.AsyncClient, support: dict[str, str], shop: Shop, anna: str, clock: MovableClock
) -> None:
    me = bearer((await shop.phone_session(PHONE))["access_token"])
    read = support | {"If-Match": await etag(client, support, anna)}
    clock.advance(seconds=1)
    # Support sees the same masked name before and after.
    await client.patch("/v1/me", headers=me, json={"name": "Anna Kuznetsova"})
    answer = await client.patch(f"{MEMBERS}/{anna}", headers=read, json={"name": "Anna Karenina"})
    assert (answer.status_code, answer.json()["code"]) == (412, "stale")
    assert (await client.get("/v1/me", headers=me)).json()["name"] == "Anna Kuznetsova"
    unread = await client.patch(f"{MEMBERS}/{anna}", headers=support, json={"name": "Anna"})
    assert unread.status_code == 400


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"zone": "Moscow"}, 422, "invalid_profile"),
        ({"language": "russian"}, 422, "invalid_profile"),
        ({"birthday": "1899-12-31"}, 422, "invalid_profile"),
        ({"consents": [YES, NO]}, 422, "consent_repeated"),
        ({"consents": [YES | {"source": "me"}]}, 400, "malformed_request"),
        ({"phone": "+79990000002"}, 400, "malformed_request"),
    ],
)
async def test_a_value_that_cannot_be_changes_nothing_and_notes_nothing(
    client: httpx.AsyncClient,
    services: Services,
    support: dict[str, str],
    anna: str,
    body: dict[str, Any],
    status: int,
    code: str,
) -> None:
    before = await etag(client, support, anna)
    answer = await change(client, support, anna, {"name": "Other"} | body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await etag(client, support, anna) == before
    assert await fetch(services, "SELECT 1 FROM consent") == []
    assert await fetch(services, "SELECT 1 FROM audit_entry WHERE action = 'member.changed'") == []


async def test_the_record_tells_what_changed_until_the_member_is_erased(
    client: httpx.AsyncClient, services: Services, support: dict[str, str], shop: Shop, anna: str
) -> None:
    owner = await shop.staff("owner")
    await change(client, support, anna, {"name": "Anna Petrova", "zone": "Europe/Moscow"})
    await change(client, support, anna, {"name": "Anna Petrova"})
    (entry,) = (await client.get("/v1/admin/audit-entries?action=member.changed", headers=owner)).json()["entries"]
    assert (entry["before"], entry["after"]) == ({"name": "Anna Kovaleva"}, {"name": "Anna Petrova"})
    assert (entry["subject"], entry["actor"].split(":")[0]) == (anna, "staff")
    erased = await client.post(f"{MEMBERS}/{anna}/erasures", headers=owner, json={"reason": "own-request"})
    assert erased.status_code == 201
    async with services.database.read() as session:
        rows = await (await driver(session)).fetch("SELECT to_json(d)::text FROM audit_detail d")
    assert not any("Petrova" in row[0] or "Kovaleva" in row[0] for row in rows)


async def test_every_answer_to_a_consent_is_kept_and_the_last_one_counts(
    client: httpx.AsyncClient, services: Services, support: dict[str, str], shop: Shop, anna: str, clock: MovableClock
) -> None:
    me = bearer((await shop.phone_session(PHONE))["access_token"])
    for answer in (YES, YES):
        clock.advance(minutes=1)
        await change(client, support, anna, {"consents": [answer]})
    clock.advance(minutes=1)
    withdrawn = await client.patch("/v1/me", headers=me, json={"consents": [NO]})
    assert withdrawn.status_code == 200, withdrawn.text
    (standing,) = (await client.get(f"{MEMBERS}/{anna}", headers=support)).json()["consents"]
    assert (standing["granted"], standing["source"]) == (False, "member")
    rows = await fetch(services, "SELECT granted, split_part(source, ':', 1) FROM consent ORDER BY recorded_at")
    assert rows == [(True, "staff"), (False, "member")]


async def test_a_merged_member_is_changed_where_they_are_now(
    client: httpx.AsyncClient, support: dict[str, str], shop: Shop, anna: str
) -> None:
    card = member_public_id(await shop.member(card="290000005555"))
    merge = {"source_id": card, "reason": "same-person"}
    assert (await client.post(f"{MEMBERS}/{anna}/merges", headers=support, json=merge)).status_code == 201
    answer = await change(client, support, card, {"language": "de"})
    assert (answer.status_code, answer.json()["member_id"]) == (200, anna)
    assert (await client.get(f"{MEMBERS}/{anna}", headers=support)).json()["language"] == "de"


async def test_what_one_member_can_answer_is_bounded_and_can_always_be_withdrawn(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    me = bearer((await shop.phone_session("+79990000001"))["access_token"])

    async def answer(*numbers: int, granted: bool = True) -> int:
        consents = [YES | {"purpose": f"purpose-{number}", "granted": granted} for number in numbers]
        return (await client.patch("/v1/me", headers=me, json={"consents": consents})).status_code

    for first in range(0, MOST_PER_MEMBER, 20):
        assert await answer(*range(first, first + 20)) == 200
    assert await answer(MOST_PER_MEMBER) == 422
    assert await answer(0, granted=False) == 200
    assert len((await client.get("/v1/me", headers=me)).json()["consents"]) == MOST_PER_MEMBER
