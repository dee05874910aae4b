"""Actions over HTTP: claimed by a phone, told by systems, decided by staff, explained to their member."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.services import Services
from loyalty.access.keys import issue_key
from loyalty.access.scopes import Scope
from loyalty.members.ids import member_public_id
from tests.api.callers import member_headers
from tests.clocks import MovableClock
from tests.journeys.tills import balances, done, line, sale
from tests.loyalty.actions.making import action, pays, with_actions
from tests.programmes import publish
from tests.shop import Shop, bearer
from tests.verified import assert_verified

PROGRAMME = with_actions(
    [
        action("login", "daily_login"),
        action("repost", "repost", proof="moderated", limits={"week": 3}),
        action("review", "review", proof="moderated"),
        action("trivia", "quiz"),
    ],
    [
        pays("login-pays", "login", 5),
        pays("repost-pays", "repost", 30),
        pays("review-pays", "review", 20),
        pays("trivia-pays", "trivia", formula={"kind": "per_unit", "points": 2, "field": "score"}, caps={"day": 15}),
        pays("trivia-web", "trivia", channels=["web"]),
    ],
)
PROOF = {"link": "https://social.example.com/posts/1", "text": "Look!"}
REPOST = {"type": "repost", "fields": {"network": "example"}, "post_id": "1", "proof": PROOF}


@pytest.fixture(autouse=True)
async def right_books(services: Services) -> AsyncIterator[None]:
    await publish(services, PROGRAMME)
    yield
    await assert_verified(services)


@pytest.fixture
async def member(shop: Shop) -> int:
    return await shop.member(phone="+79990001122")


@pytest.fixture
async def phone(shop: Shop, member: int) -> dict[str, str]:
    return await member_headers(shop, member)


@pytest.fixture
async def system(services: Services) -> dict[str, str]:
    async with services.database.write() as session:
        key = await issue_key(
            session, terminal_id=None, label="shop", scopes=[Scope.EVENTS_WRITE], now=services.clock()
        )
        await session.commit()
    return bearer(key.secret)


def event(services: Services, member_id: int, **more: Any) -> dict[str, Any]:
    return {
        "source": "shop",
        "id": "e1",
        "type": "trivia",
        "member": {"id": member_public_id(member_id)},
        "occurred_at": services.clock().isoformat(),
        "fields": {"quiz": "march", "score": 9},
        **more,
    }


async def tell(
    client: httpx.AsyncClient, system: dict[str, str], body: dict[str, Any], key: str = ""
) -> httpx.Response:
    return await client.post("/v1/events", json=body, headers={**system, "Idempotency-Key": key or uuid4().hex})


async def test_a_phone_logs_in_once_a_day_however_many_clients_claim_it(
    client: httpx.AsyncClient, clock: MovableClock, shop: Shop, member: int, phone: dict[str, str]
) -> None:
    answers = await asyncio.gather(
        *(
            client.post("/v1/me/actions", json={"type": "login"}, headers={**phone, "Idempotency-Key": f"k{n}"})
            for n in range(16)
        )
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["earned"] == {"points": 5}
    clock.advance(days=1)
    phone = await member_headers(shop, member)
    tomorrow = await client.post("/v1/me/actions", json={"type": "login"}, headers=phone)
    assert tomorrow.json()["id"] != answers[0].json()["id"]
    history = (await client.get("/v1/me/history", headers=phone)).json()["entries"]
    assert [(entry["points"], entry["action"]["type"]) for entry in history] == [(5, "login"), (5, "login")]


async def test_a_claim_waits_is_accepted_once_and_explained(
    client: httpx.AsyncClient, shop: Shop, member: int, phone: dict[str, str]
) -> None:
    claimed = (await client.post("/v1/me/actions", json=REPOST, headers=phone)).json()
    assert (claimed["status"], claimed["earned"]) == ("waiting", {})
    staff = await shop.staff("support")
    (waiting,) = (await client.get("/v1/admin/actions", headers=staff)).json()["actions"]
    assert (waiting["member_id"], waiting["proof"]["link"]) == (member_public_id(member), PROOF["link"])
    path = f"/v1/admin/actions/{claimed['id']}/decision"
    answers = await asyncio.gather(*(client.post(path, json={"accept": True}, headers=staff) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    mine = (await client.get(f"/v1/me/actions/{claimed['id']}", headers=phone)).json()
    assert (mine["action"]["status"], mine["action"]["earned"]) == ("accepted", {"points": 30})
    assert [(row["rule"], row["outcome"], row["arithmetic"]) for row in mine["explanation"]] == [
        ("repost-pays", "paid", "30")
    ]
    listed = (await client.get("/v1/me/actions", headers=phone)).json()["actions"]
    assert [row["id"] for row in listed] == [claimed["id"]]
    taken = await client.post(f"/v1/admin/actions/{claimed['id']}/reversal", json={"reason": "fake"}, headers=staff)
    assert taken.json()["reversed_at"] is not None
    assert (await client.get("/v1/me/balance", headers=phone)).json()["wallets"][0]["balance"] == 0


async def test_several_are_decided_at_once_each_for_itself(
    client: httpx.AsyncClient, shop: Shop, phone: dict[str, str]
) -> None:
    ids = [
        (await client.post("/v1/me/actions", json={**REPOST, "post_id": str(n)}, headers=phone)).json()["id"]
        for n in range(3)
    ]
    decisions = [
        {"action_id": ids[0], "accept": True},
        {"action_id": ids[1], "accept": False, "reason": "no_post"},
        {"action_id": ids[2], "accept": False},
        {"action_id": "act_nonsense", "accept": True},
        {"action_id": ids[0], "accept": True},
    ]
    answer = await client.post(
        "/v1/admin/action-decisions", json={"decisions": decisions}, headers=await shop.staff("manager")
    )
    items = answer.json()["items"]
    assert [(item["status"], item["body"].get("status"), item["body"].get("code")) for item in items] == [
        (201, "accepted", None),
        (201, "rejected", None),
        (422, 422, "reason_missing"),
        (404, 404, "action_not_found"),
        (409, 409, "action_not_waiting"),
    ]
    again = await client.post("/v1/me/actions", json={**REPOST, "post_id": "1"}, headers=phone)
    assert again.json()["status"] == "waiting"


async def test_several_decisions_sent_again_under_their_key_get_the_same_answer(
    client: httpx.AsyncClient, shop: Shop, phone: dict[str, str]
) -> None:
    claimed = (await client.post("/v1/me/actions", json=REPOST, headers=phone)).json()["id"]
    headers = {**await shop.staff("manager"), "Idempotency-Key": "evening"}
    body = {"decisions": [{"action_id": claimed, "accept": True}, {"action_id": "act_nonsense", "accept": True}]}
    first, again = [await client.post("/v1/admin/action-decisions", json=body, headers=headers) for _ in range(2)]
    assert [item["status"] for item in first.json()["items"]] == [201, 404]
    assert (again.status_code, again.content) == (200, first.content)
    other = {"decisions": [{"action_id": claimed, "accept": False, "reason": "fake"}]}
    reused = await client.post("/v1/admin/action-decisions", json=other, headers=headers)
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")


async def test_decisions_that_cross_decide_each_action_once(
    client: httpx.AsyncClient, services: Services, shop: Shop
) -> None:
    phones = [await member_headers(shop, await shop.member()) for _ in range(4)]
    ids = [(await client.post("/v1/me/actions", json=REPOST, headers=each)).json()["id"] for each in phones]
    staff = await shop.staff("manager")
    answers = await asyncio.gather(
        *(
            client.post(
                "/v1/admin/action-decisions",
                json={"decisions": [{"action_id": each, "accept": True} for each in order]},
                headers=staff,
            )
            for order in (ids, ids[::-1], ids)
        )
    )
    statuses = [item["status"] for answer in answers for item in answer.json()["items"]]
    assert sorted(statuses) == [201] * 4 + [409] * 8
    assert await balances(services) == [30] * 4


async def test_staff_report_what_a_member_did_and_the_audit_log_says_why(
    client: httpx.AsyncClient, shop: Shop, member: int, phone: dict[str, str]
) -> None:
    path = f"/v1/admin/members/{member_public_id(member)}/actions"
    staff = await shop.staff("support")
    body = {**REPOST, "reason": "seen_in_store", "note": "Showed it at the counter."}
    first = await client.post(path, json=body, headers=staff)
    assert (first.status_code, first.json()["status"], first.json()["earned"]) == (201, "accepted", {"points": 30})
    assert (await client.post(path, json=body, headers=staff)).json()["id"] == first.json()["id"]
    entries = (await client.get("/v1/admin/audit-entries", headers=await shop.staff("owner"))).json()["entries"]
    told = [(entry["action"], entry["reason"]) for entry in entries if entry["action"].startswith("action.")]
    assert told == [("action.reported", "seen_in_store")], "said twice, done once"
    claimed = await client.post("/v1/me/actions", json=REPOST, headers=phone)
    assert claimed.json()["id"] == first.json()["id"]
    refused = [
        ({**body, "type": "login", "fields": {}}, 403, "action_not_reportable"),
        ({**body, "type": "nothing"}, 422, "action_type_unknown"),
        ({**REPOST}, 400, "malformed_request"),
        ({**body, "occurred_at": "2030-01-01T00:00:00Z"}, 422, "action_from_the_future"),
    ]
    for each, status, code in refused:
        answer = await client.post(path, json=each, headers=staff)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_only_what_was_bought_is_reviewed(
    client: httpx.AsyncClient, shop: Shop, member: int, phone: dict[str, str]
) -> None:
    claim = {"type": "review", "fields": {"sku": "x"}, "proof": {"text": "Strong."}}
    refused = await client.post("/v1/me/actions", json=claim, headers=phone)
    assert (refused.status_code, refused.json()["code"]) == (422, "item_not_purchased")
    await done(
        client,
        await shop.till(),
        "purchases",
        sale("1", line("x", 500, sku="x"), member={"id": member_public_id(member)}),
    )
    assert (await client.post("/v1/me/actions", json=claim, headers=phone)).json()["status"] == "waiting"


async def test_an_event_is_told_once_and_names_what_differs(
    client: httpx.AsyncClient, services: Services, member: int, system: dict[str, str], phone: dict[str, str]
) -> None:
    body = event(services, member, member={"phone": "+7 999 000 11 22"})
    first = await tell(client, system, body, "k")
    assert (first.status_code, first.json()["earned"]) == (201, {"points": 15})
    assert (await tell(client, system, body, "k")).content == first.content
    assert (await tell(client, system, body)).content == first.content
    other = await tell(client, system, {**body, "fields": {"quiz": "march", "score": 8}})
    assert (other.status_code, other.json()["code"]) == (422, "action_differs")
    assert other.json()["differences"] == ["/fields/score"]
    reused = await tell(client, system, {**body, "id": "e2"}, "k")
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
    mine = (await client.get(f"/v1/me/actions/{first.json()['id']}", headers=phone)).json()["explanation"]
    assert [(row["rule"], row["points"], row["cut_by"], row["reason"]) for row in mine] == [
        ("trivia-pays", 15, "day", ""),
        ("trivia-web", 0, "", "channel"),
    ]


async def test_a_broken_item_stops_no_other(
    client: httpx.AsyncClient, services: Services, member: int, system: dict[str, str]
) -> None:
    items: list[Any] = [
        {"key": "1", "event": event(services, member)},
        {"key": "2", "event": {"id": "e2"}},
        "nonsense",
        {"key": "4", "event": event(services, member, id="e4", type="login", fields={})},
        {"key": "5", "event": event(services, 999_999, id="e5")},
        {"key": "6", "event": event(services, member, id="e6", member={})},
        {"key": "7", "event": event(services, member, id="e7", occurred_at="2030-01-01T00:00:00Z")},
    ]
    answers = [
        (await client.post("/v1/events/batches", json={"items": items}, headers=system)).json()["items"]
        for _ in range(2)
    ]
    assert [(item["key"], item["status"]) for item in answers[0]] == [
        ("1", 201),
        ("2", 400),
        (None, 400),
        ("4", 201),
        ("5", 404),
        ("6", 422),
        ("7", 422),
    ]
    assert answers[0] == answers[1]


async def test_a_batch_settles_each_event_once_whatever_it_repeats(
    client: httpx.AsyncClient, services: Services, shop: Shop, member: int, system: dict[str, str]
) -> None:
    other = await shop.member()
    quiz = {"quiz": "april", "score": 2}
    first = await tell(client, system, event(services, member), "known")
    items: list[Any] = [
        {"key": "b", "event": event(services, other, id="e2", fields=quiz)},
        {"key": "known", "event": event(services, member)},
        {"key": "b", "event": event(services, other, id="e2", fields=quiz)},
        {"key": "b", "event": event(services, other, id="e3", fields=quiz)},
        {"key": "c", "event": event(services, other, id="e2", fields=quiz)},
        {"key": "known", "event": event(services, member, id="e9")},
    ]
    sent = [client.post("/v1/events/batches", json={"items": items}, headers=system) for _ in range(3)]
    answers = [answer.json()["items"] for answer in await asyncio.gather(*sent)]
    assert answers[0] == answers[1] == answers[2]
    assert [item["status"] for item in answers[0]] == [201, 201, 201, 422, 201, 422]
    assert answers[0][1]["body"] == first.json()
    assert len({answers[0][place]["body"]["id"] for place in (0, 2, 4)}) == 1
    assert await balances(services) == [15, 4]


async def test_a_phone_claims_only_what_it_may(client: httpx.AsyncClient, phone: dict[str, str]) -> None:
    body = {"type": "trivia", "fields": {"quiz": "march", "score": 9}}
    refused = await client.post("/v1/me/actions", json=body, headers=phone)
    assert (refused.status_code, refused.json()["code"]) == (403, "action_not_reportable")


async def test_what_can_be_done_says_what_it_pays_and_how_often(
    client: httpx.AsyncClient, phone: dict[str, str]
) -> None:
    await client.post("/v1/me/actions", json=REPOST, headers=phone)
    types = (await client.get("/v1/me/action-types", headers=phone)).json()["action_types"]
    repost = next(each for each in types if each["code"] == "repost")
    assert (repost["claimable"], repost["moderated"], repost["left"]) == (True, True, {"week": 2})
    assert [(rule["rule"], rule["points"]) for rule in repost["pays"]] == [("repost-pays", 30)]


async def test_an_action_of_another_member_is_absent(
    client: httpx.AsyncClient, shop: Shop, phone: dict[str, str]
) -> None:
    mine = (await client.post("/v1/me/actions", json={"type": "login"}, headers=phone)).json()
    other = await member_headers(shop, await shop.member())
    foreign = await client.get(f"/v1/me/actions/{mine['id']}", headers=other)
    assert (foreign.status_code, foreign.json()["code"]) == (404, "action_not_found")


async def test_what_was_done_and_shown_is_in_the_export(client: httpx.AsyncClient, phone: dict[str, str]) -> None:
    await client.post("/v1/me/actions", json=REPOST, headers=phone)
    (one,) = (await client.get("/v1/me/export", headers=phone)).json()["actions"]
    assert (one["action"]["type"], one["proof"]["text"]) == ("repost", "Look!")
