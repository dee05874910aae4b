"""Trying a programme on recorded purchases, over HTTP and through the worker."""

import asyncio
from typing import Any

import httpx
import pytest

from api.services import Services
from api.tasks.kinds import KINDS
from api.tasks.working import Tasks
from loyalty.members.ids import member_public_id
from loyalty.programme.decoding import encode_programme
from tests.journeys.tills import done, sale
from tests.programmes import fixed, programme, publish, rate
from tests.shop import Shop

BACKTESTS = "/v1/admin/programme/backtests"
TRIPLE = encode_programme(programme(rate(points=3), fixed("hello", 5)))


@pytest.fixture
async def marketer(services: Services, client: httpx.AsyncClient, shop: Shop) -> dict[str, str]:
    """Headers; one member has bought once for a hundred."""
    await publish(services)
    member = {"id": member_public_id(await shop.member())}
    await done(client, await shop.till(), "purchases", sale(member=member))
    return await shop.staff("marketer")


async def work(services: Services) -> int:
    """What a worker does next."""
    tasks = Tasks(services.database, KINDS, clock=services.clock, stopping=asyncio.Event())
    return await tasks.work_on_next()


async def test_a_draft_is_tried_by_the_worker(
    client: httpx.AsyncClient, services: Services, marketer: dict[str, str]
) -> None:
    await client.post("/v1/admin/programme/drafts", headers=marketer, json={"draft_id": "spring", "document": TRIPLE})
    asked = await client.post(BACKTESTS, headers=marketer, json={"draft_id": "spring"})
    assert (asked.status_code, asked.json()["state"]) == (201, "queued")
    path = f"{BACKTESTS}/{asked.json()['task_id']}"
    early = await client.get(path, headers=marketer)
    assert (early.status_code, early.json()["code"], early.json()["state"]) == (409, "report_not_ready", "queued")
    assert await work(services) == 1
    report = (await client.get(path, headers=marketer)).json()
    assert (report["purchases"], report["difference"]) == (1, 205)
    assert report["rules"][0] == {"rule": "base", "drafted": 300, "happened": 100, "difference": 200}
    file = await client.get(f"{path}/rules/csv", headers=marketer)
    assert file.text.splitlines()[1:] == ["base,300,100,200", "hello,5,0,5"]
    task = (await client.get(f"/v1/admin/tasks/{asked.json()['task_id']}", headers=marketer)).json()
    assert (task["state"], task["done"]) == ("done", task["total"])


async def test_the_version_in_force_makes_no_difference(
    client: httpx.AsyncClient, services: Services, marketer: dict[str, str]
) -> None:
    asked = await client.post(BACKTESTS, headers=marketer, json={"version": 1})
    await work(services)
    report = (await client.get(f"{BACKTESTS}/{asked.json()['task_id']}", headers=marketer)).json()
    assert (report["purchases"], report["difference"], report["purchases_changed"]) == (1, 0, 0)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "one_programme_needed"),
        ({"version": 1, "draft_id": "spring"}, 422, "one_programme_needed"),
        ({"version": 9}, 404, "programme_version_not_found"),
        ({"draft_id": "nowhere"}, 404, "draft_not_found"),
        ({"document": {"name": 5}}, 422, "programme_unreadable"),
        ({"document": TRIPLE | {"primary_wallet": "other"}}, 422, "programme_invalid"),
        ({"version": 1, "from_day": "2026-03-02", "until_day": "2026-03-02"}, 422, "period_backwards"),
        ({"version": 1, "sample_percent": 0}, 400, "malformed_request"),
        ({"version": 1, "from_day": "2026-02-30"}, 400, "malformed_request"),
        ({"version": 2**60}, 400, "malformed_request"),
    ],
)
async def test_what_cannot_be_tried_is_refused_at_once(
    client: httpx.AsyncClient, marketer: dict[str, str], body: dict[str, Any], status: int, code: str
) -> None:
    answer = await client.post(BACKTESTS, headers=marketer, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_asking_again_under_its_key_asks_once(client: httpx.AsyncClient, marketer: dict[str, str]) -> None:
    keyed = marketer | {"Idempotency-Key": "try-1"}
    first = await client.post(BACKTESTS, headers=keyed, json={"version": 1})
    again = await client.post(BACKTESTS, headers=keyed, json={"version": 1})
    assert first.content == again.content
    assert len((await client.get("/v1/admin/tasks", headers=marketer)).json()["tasks"]) == 1
