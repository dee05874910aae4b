"""A request that looks like every other and one that the handler has to look at get the same answers."""

from collections.abc import AsyncIterator

import httpx
import pytest
from litestar import Litestar
from litestar.types import HTTPReceiveMessage, Message

from api.services import Services
from loyalty.members.ids import member_public_id
from tests.journeys.tills import basket, fetch, line, sale
from tests.programmes import programme, publish, rate
from tests.shop import Shop

pytestmark = pytest.mark.anyio


async def test_a_sale_and_a_quote_beyond_the_short_way_are_answered_like_any_other(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services, programme(rate()))
    till, member = await shop.till(), {"id": member_public_id(await shop.member())}
    lines = [line(f"a long name of line {number:>12}", 100) for number in range(900)]
    for path, short, long in (
        ("quotes", basket(line("1", 90_000), member=member), basket(*lines, member=member)),
        ("purchases", sale("short", line("1", 90_000), member=member), sale("long", *lines, member=member)),
    ):
        first = await client.post(f"/v1/pos/{path}", json=short, headers=till.headers | {"Idempotency-Key": "short"})
        second = await client.post(f"/v1/pos/{path}", json=long, headers=till.headers | {"Idempotency-Key": "long"})
        assert len(second.request.content) > 64 * 1024, "too long for the short way"
        assert (first.status_code, first.headers["content-type"]) == (second.status_code, "application/json")
        assert second.headers["content-type"] == "application/json"
        assert first.json().keys() == second.json().keys()
        assert first.json()["rules"] == second.json()["rules"] == [{"rule": "base", "points": 900}]
    assert await fetch(services, "SELECT count(*) FROM purchase") == [(2,)]


async def test_a_body_in_pieces_is_one_body(services: Services, client: httpx.AsyncClient, shop: Shop) -> None:
    await publish(services)
    till = await shop.till()
    body = httpx.Request("POST", "http://till", json=sale("pieces")).content

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 7):
            yield body[start : start + 7]

    headers = till.headers | {"Idempotency-Key": "k", "Content-Type": "application/json"}
    first = await client.post("/v1/pos/purchases", content=pieces(), headers=headers)
    second = await client.post("/v1/pos/purchases", content=body, headers=headers)
    assert (first.status_code, second.content) == (201, first.content)


@pytest.mark.parametrize("keys", [[], [""], ["k" * 256]])
async def test_a_key_that_is_missing_or_too_long_is_refused_and_nothing_sold(
    services: Services, client: httpx.AsyncClient, shop: Shop, keys: list[str]
) -> None:
    headers = [*(await shop.till()).headers.items(), *(("Idempotency-Key", key) for key in keys)]
    answer = await client.post("/v1/pos/purchases", json=sale("one"), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")
    assert await fetch(services, "SELECT count(*) FROM receipt_key") == [(0,)]


@pytest.mark.parametrize("path", ["purchases", "quotes"])
async def test_a_body_that_a_server_hands_over_at_once_is_too_large_all_the_same(
    app: Litestar, services: Services, shop: Shop, path: str
) -> None:
    body = b'{"phone": "' + b"9" * 1024 * 1024 + b'"}'
    headers = (await shop.till()).headers | {"Idempotency-Key": "k", "Content-Length": str(len(body))}
    sent: list[Message] = []

    async def receive() -> HTTPReceiveMessage:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/v1/pos/{path}",
        "raw_path": f"/v1/pos/{path}".encode(),
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    await app(scope, receive, send)  # type: ignore[arg-type]
    assert sent[0]["status"] == 413  # type: ignore[typeddict-item]
