"""What a till sends, in tests."""

import itertools
from typing import Any

import httpx

from api.services import Services
from kernel.database import driver
from tests.shop import Till

_keys = itertools.count(1)


def line(line_id: str = "1", amount_minor: int = 10_000, *, sku: str = "espresso", **more: Any) -> dict[str, Any]:
    return {"id": line_id, "sku": sku, "amount_minor": amount_minor, **more}


def basket(*lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A basket whose total is right."""
    lines = lines or (line(),)
    total = sum(each["amount_minor"] - each.get("discount_minor", 0) for each in lines)
    total += more.get("rounding_minor", 0) - more.get("discount_minor", 0)
    return {"currency": "RUB", "lines": list(lines), "total_minor": total, **more}


def sale(number: str = "0001", *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A completed sale of the tests' first day."""
    receipt = {"number": number, "business_date": "2026-03-02"}
    return {"receipt": receipt, "occurred_at": "2026-03-02T09:00:00Z", **basket(*lines, **more)}


async def send(
    client: httpx.AsyncClient, till: Till, path: str, body: dict[str, Any], *, key: str | None = None
) -> httpx.Response:
    """POST to ``/v1/pos/<path>`` under ``key``, a new one by default."""
    headers = {**till.headers, "Idempotency-Key": key or f"key-{next(_keys)}"}
    return await client.post(f"/v1/pos/{path}", json=body, headers=headers)


async def done(
    client: httpx.AsyncClient, till: Till, path: str, body: dict[str, Any], *, key: str | None = None
) -> dict[str, Any]:
    """The same, for what must succeed; answers the body."""
    answer = await send(client, till, path, body, key=key)
    assert answer.is_success, answer.text
    document: dict[str, Any] = answer.json()
    return document


def receipt(number: str) -> dict[str, str]:
    """A receipt of the tests' first day."""
    return {"number": number, "business_date": "2026-03-02"}


def refund(of: str, number: str = "r1", **more: Any) -> dict[str, Any]:
    """A refund of the caller's own receipt ``of``."""
    original = {"receipt": receipt(of)}
    return {"original": original, "receipt": receipt(number), "occurred_at": "2026-03-02T10:00:00Z", **more}


async def fetch(services: Services, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    async with services.database.read() as session:
        return [tuple(row) for row in await (await driver(session)).fetch(sql)]


async def balances(services: Services) -> list[int]:
    """Each member's points, by number."""
    return [row[0] for row in await fetch(services, "SELECT remaining - debt FROM balance ORDER BY member_id")]
