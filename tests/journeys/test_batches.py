"""An offline till sends its queue: every item answered by itself, in any order, as often as it takes."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
import structlog

from api.services import Services
from kernel.database import DEFAULT_LOCK_TIMEOUT_MS, driver
from loyalty.members.ids import member_public_id
from tests.clocks import MovableClock
from tests.journeys.tills import done, line, sale, send
from tests.programmes import programme, publish, rate
from tests.shop import Shop, Till, bearer

DEEP = "[" * 10_000 + "]" * 10_000


def purchase(key: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"key": key, "kind": "purchase", "purchase": body}


def refund(key: str, of: str, number: str = "r1") -> dict[str, Any]:
    body = {
        "original": {"receipt": {"number": of, "business_date": "2026-03-02"}},
        "receipt": {"number": number, "business_date": "2026-03-02"},
        "occurred_at": "2026-03-02T10:00:00Z",
    }
    return {"key": key, "kind": "refund", "refund": body}


async def send_batch(client: httpx.AsyncClient, till: Till, *items: Any) -> list[dict[str, Any]]:
    answer = await client.post("/v1/pos/batches", json={"items": list(items)}, headers=till.headers)
    assert answer.status_code == 200, answer.text
    answers: list[dict[str, Any]] = answer.json()["items"]
    return answers


async def signed_in_again(client: httpx.AsyncClient, till: Till) -> Till:
    answer = await client.post("/v1/pos/sessions", json={"key": till.key})
    return replace(till, headers=bearer(answer.json()["access_token"]))


async def points(services: Services) -> list[int]:
    async with services.database.read() as session:
        rows = await (await driver(session)).fetch("SELECT remaining - debt FROM balance ORDER BY member_id")
    return [row[0] for row in rows]


async def members(shop: Shop, count: int) -> list[dict[str, str]]:
    return [{"id": member_public_id(await shop.member())} for _ in range(count)]


async def test_five_hundred_receipts_are_recorded_and_sent_again_they_get_the_same_answers(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    till, customers = await shop.till(), await members(shop, 5)
    queue = [purchase(f"k{n}", sale(str(n), line("1", 100), member=customers[n % 5])) for n in range(500)]
    first = await send_batch(client, till, *queue)
    assert {answer["status"] for answer in first} == {201}
    assert [answer["key"] for answer in first] == [item["key"] for item in queue]
    assert await points(services) == [100] * 5
    again = await send_batch(client, till, *reversed(queue))
    assert again == first[::-1]
    assert await points(services) == [100] * 5


async def test_an_item_is_answered_as_if_it_had_been_sent_alone(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    till, (member,) = await shop.till(), await members(shop, 1)
    body = sale("1", member=member)
    alone = await send(client, till, "purchases", body, key="k1")
    (answer,) = await send_batch(client, till, purchase("k1", body))
    assert (answer["status"], answer["body"]) == (201, alone.json())


async def test_one_broken_item_does_not_stop_the_others(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    till, (member,) = await shop.till(), await members(shop, 1)
    queue: list[Any] = [purchase(f"k{n}", sale(str(n), line("1", 100), member=member)) for n in range(100)]
    broken: dict[int, tuple[Any, int, str]] = {
        3: (purchase("k3", sale("3", line("1", -1))), 400, "malformed_request"),
        17: ("no object", 400, "malformed_request"),
        18: ({"kind": "purchase", "purchase": sale("18")}, 400, "malformed_request"),
        19: ({"key": "k19", "kind": "purchase"}, 422, "item_unclear"),
        20: ({"key": "k20", "kind": "hold", "purchase": sale("20")}, 422, "item_unclear"),
        40: (purchase("k40", {**sale("40"), "total_minor": 7}), 422, "sale_inconsistent"),
        41: (purchase("k41", {**sale("41"), "currency": "EUR"}), 422, "currency_refused"),
        63: (purchase("k63", sale("63", member={"id": "mem_1-00"})), 404, "member_not_found"),
        64: (purchase("k64", sale("64", member={"card": "2900000099"})), 404, "member_not_found"),
        65: (purchase("k65", sale("65", terminal="somebody-elses")), 422, "terminal_foreign"),
        99: (purchase("k99", sale("99", hold_id="hld_1-1-00", member=member)), 404, "hold_not_found"),
    }
    for place, (item, _, _) in broken.items():
        queue[place] = item
    answers = await send_batch(client, till, *queue)
    for place, (_, status, code) in broken.items():
        assert (answers[place]["status"], answers[place]["body"]["code"]) == (status, code), place
    assert {answer["status"] for place, answer in enumerate(answers) if place not in broken} == {201}
    assert answers[17]["key"] is answers[18]["key"] is None
    assert await points(services) == [100 - len(broken)]


@pytest.mark.parametrize(
    ("broken", "key"),
    [
        (DEEP, None),
        ('{"a":' * 10_000 + "1" + "}" * 10_000, None),
        ('{"key": "k250", "kind": "purchase", "purchase": ' + DEEP + "}", "k250"),
        ('{"key": "k250", "kind": "purchase", "purchase": {"lines": ' + DEEP + "}}", "k250"),
        ('{"key": "k250", "kind": "void", "void": {"]]]": "\\"[[[", "more": ' + DEEP + "}}", "k250"),
    ],
)
async def test_an_item_that_is_nested_without_end_stops_none_of_its_499_neighbours(
    services: Services, client: httpx.AsyncClient, shop: Shop, broken: str, key: str | None
) -> None:
    await publish(services)
    till, (member,) = await shop.till(), await members(shop, 1)
    queue = [json.dumps(purchase(f"k{n}", sale(str(n), line("1", 100), member=member))) for n in range(500)]
    queue[250] = broken
    content = '{"items": [' + ",".join(queue) + "]}"
    answer = await client.post("/v1/pos/batches", content=content, headers=till.headers)
    assert answer.status_code == 200, answer.text
    answers = answer.json()["items"]
    assert (answers[250]["status"], answers[250]["body"]["code"]) == (400, "malformed_request")
    assert answers[250]["key"] == key
    assert {answer["status"] for place, answer in enumerate(answers) if place != 250} == {201}
    assert await points(services) == [499]


@pytest.mark.parametrize(
    "content",
    [
        '{"items": [{}], "more": ' + DEEP + "}",
        '{"items": [' + "[" * 10_000 + "]}",
        DEEP,
        '{"items": [' + DEEP + ', "' + '\\"' * 10_000,
    ],
)
async def test_a_batch_that_is_nested_without_end_is_none(client: httpx.AsyncClient, shop: Shop, content: str) -> None:
    answer = await client.post("/v1/pos/batches", content=content, headers=(await shop.till()).headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


async def test_refunds_before_their_sales_and_the_same_item_twice(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    till, (member,) = await shop.till(), await members(shop, 1)
    bought = purchase("sold", sale("1", member=member))
    void = {"key": "void", "kind": "void", "void": {"receipt": {"number": "2", "business_date": "2026-03-02"}}}
    other = purchase("other", sale("2", member=member))
    answers = await send_batch(client, till, refund("back", "1"), bought, bought, void, other, refund("back", "1"))
    assert [answer["status"] for answer in answers] == [201, 201, 201, 201, 409, 201]
    assert answers[0]["body"]["kind"] == "waiting"
    assert answers[1] == answers[2]
    assert answers[4]["body"]["code"] == "receipt_voided"
    assert answers[5] == answers[0]
    assert await points(services) == [0], "the refund that waited was applied when its sale came"


async def test_a_stored_card_phone_or_code_earns_days_later(
    services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    await publish(services)
    till = await shop.till()
    await shop.member(card="2900000012")
    await shop.member(phone="+79990000099")
    by_code = await shop.member()
    sold_at = clock.now.isoformat()
    shown = await shop.qr(by_code)
    token = (await done(client, till, "lookups", {"card": "2900000012"}))["member_token"]
    clock.advance(days=3)
    till = await signed_in_again(client, till)
    stored: list[dict[str, str]] = [{"card": "2900000012"}, {"phone": "+79990000099"}, {"qr": shown}, {"token": token}]
    queue = [
        purchase(f"k{n}", {**sale(str(n), line("1", 1_000), member=member), "occurred_at": sold_at, "offline": True})
        for n, member in enumerate(stored)
    ]
    # The rotated picture of another moment does not tell who it was.
    wrong_moment = sale("w", member={"qr": shown})
    fresh = {**wrong_moment, "occurred_at": clock.now.isoformat()}
    answers = await send_batch(client, till, *queue, purchase("w", fresh))
    assert [answer["status"] for answer in answers] == [201, 201, 201, 201, 422], answers
    assert await points(services) == [20, 10, 10]


async def test_a_training_till_gets_real_answers_and_writes_nothing(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    till, (member,) = await shop.till(training=True), await members(shop, 1)
    answers = await send_batch(client, till, purchase("k1", sale("1", member=member)), refund("k2", "0"))
    assert [answer["status"] for answer in answers] == [201, 201]
    assert answers[0]["body"]["balances"] == [{"wallet": "points", "balance": 100}]
    assert await points(services) == []


async def test_a_member_whom_another_request_holds_is_waited_for_alone(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services, programme(rate(points=1, per_minor=100)))
    till, customers = await shop.till(), await members(shop, 2)
    queue = [purchase(f"k{n}", sale(str(n), line("1", 100), member=customers[n % 2])) for n in range(10)]
    async with services.database.write() as session:
        connection = await driver(session)
        await connection.execute("SELECT 1 FROM member ORDER BY member_id LIMIT 1 FOR NO KEY UPDATE")
        sending = asyncio.create_task(send_batch(client, till, *queue))
        while not await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await connection.execute("SELECT pg_sleep(0.01)")
        assert await connection.fetchval("SELECT count(*) FROM purchase") == 5, "the other member's are recorded"
    answers = await sending
    assert {answer["status"] for answer in answers} == {201}
    assert await points(services) == [5, 5]


async def test_a_member_who_stays_locked_is_waited_for_once(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    till, customers = await shop.till(), await members(shop, 2)
    queue = [purchase(f"k{n}", sale(str(n), member=customers[n % 2])) for n in range(40)]
    async with services.database.write() as session:
        await (await driver(session)).execute("SELECT 1 FROM member ORDER BY member_id LIMIT 1 FOR NO KEY UPDATE")
        async with asyncio.timeout(8 * DEFAULT_LOCK_TIMEOUT_MS / 1_000):  # one after the other they would take 20
            answers = await send_batch(client, till, *queue)
    assert [answer["status"] for answer in answers] == [409, 201] * 20
    assert {answer["body"]["code"] for answer in answers[::2]} == {"busy"}
    assert [answer["status"] for answer in await send_batch(client, till, *queue)] == [201] * 40


@pytest.mark.parametrize(
    "body", [{}, {"items": []}, {"items": [{}] * 501}, {"items": {}}, {"items": [{}], "key": "x"}, [], None]
)
async def test_a_batch_that_is_none_is_malformed(client: httpx.AsyncClient, shop: Shop, body: Any) -> None:
    answer = await client.post("/v1/pos/batches", json=body, headers=(await shop.till()).headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


async def test_a_new_key_that_comes_twice_does_not_break_its_batch(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    """Its answer would be stored twice: also that of a repeat, and of a refusal."""
    await publish(services)
    till, (member,) = await shop.till(), await members(shop, 1)
    await done(client, till, "purchases", sale("1", member=member))
    await done(client, till, "voids", {"receipt": {"number": "2", "business_date": "2026-03-02"}})
    with structlog.testing.capture_logs() as told:
        answers = await send_batch(
            client,
            till,
            *[purchase("repeat", sale("1", member=member))] * 2,
            *[purchase("voided", sale("2", member=member))] * 2,
            *[purchase("other", sale("1", line("1", 100), member=member))] * 2,
        )
    assert [answer["status"] for answer in answers] == [201, 201, 409, 409, 422, 422]
    assert "batch_failed" not in {entry["event"] for entry in told}
    assert await points(services) == [100]
