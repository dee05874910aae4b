"""A second person: asked, decided once, carried out with the decision."""

import asyncio
import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from litestar import Litestar

from api.services import Services
from loyalty.programme.decoding import encode_programme
from tests.clocks import MovableClock
from tests.journeys.tills import fetch
from tests.programmes import programme, publish, rate
from tests.shop import Shop

APPROVALS = "/v1/admin/approvals"
VERSIONS = "/v1/admin/programme/versions"
DRAFTS = "/v1/admin/programme/drafts"


@pytest.fixture
def second_person(app: Litestar, services: Services) -> Iterator[None]:
    """Publishing needs one."""
    strict = services.settings.model_copy(update={"publishing_approval": "second_person"})
    app.state.services = dataclasses.replace(services, settings=strict)
    yield
    app.state.services = services


@pytest.fixture
async def asker(shop: Shop) -> dict[str, str]:
    return await shop.staff("manager")


async def ask(client: httpx.AsyncClient, headers: dict[str, str], **more: Any) -> httpx.Response:
    """Ask for the draft ``spring`` to be published, and begin it first."""
    await client.post(
        DRAFTS, headers=headers, json={"draft_id": "spring", "document": encode_programme(programme(rate(points=3)))}
    )
    return await client.post(VERSIONS, headers=headers | {"If-Match": '"1"'}, json={"draft_id": "spring", **more})


async def decide(
    client: httpx.AsyncClient, headers: dict[str, str], approval_id: str, *, approved: bool = True, **more: Any
) -> httpx.Response:
    return await client.post(
        f"{APPROVALS}/{approval_id}/decision", headers=headers, json={"approved": approved, **more}
    )


async def versions(services: Services) -> int:
    ((count,),) = await fetch(services, "SELECT count(*) FROM programme_version")
    return int(count)


@pytest.mark.usefixtures("second_person")
async def test_a_programme_is_published_when_a_second_person_approves(
    client: httpx.AsyncClient, asker: dict[str, str], shop: Shop, services: Services
) -> None:
    services.programmes.replace([])
    asked = await ask(client, asker, note="Three points")
    assert (asked.status_code, asked.json()["status"], await versions(services)) == (202, "pending", 0)
    approval_id = asked.json()["approval_id"]
    own = await decide(client, asker, approval_id)
    assert (own.status_code, own.json()["code"]) == (403, "second_person_needed")
    second = await shop.staff("manager")
    done = await decide(client, second, approval_id, reason="checked")
    assert (done.status_code, done.json()["status"], done.json()["outcome"]["version"]) == (201, "approved", 1)
    assert services.programmes.at(services.clock()).document.earn_rules[0].formula.points == 3
    again = await decide(client, second, approval_id)
    assert (again.status_code, again.json()["code"], again.json()["decision"]) == (409, "approval_decided", "approved")
    log = (await client.get("/v1/admin/audit-entries", headers=second)).json()["entries"]
    told = [entry["action"] for entry in log]
    assert told[:3] == ["approval.approved", "programme.published", "approval.requested"]


@pytest.mark.usefixtures("second_person")
async def test_a_refused_request_publishes_nothing_and_whoever_asked_may_withdraw(
    client: httpx.AsyncClient, asker: dict[str, str], shop: Shop, services: Services
) -> None:
    approval_id = (await ask(client, asker)).json()["approval_id"]
    withdrawn = await decide(client, asker, approval_id, approved=False)
    assert withdrawn.json()["status"] == "withdrawn"
    approval_id = (await ask(client, asker)).json()["approval_id"]
    refused = await decide(client, await shop.staff("owner"), approval_id, approved=False, reason="too-generous")
    assert (refused.json()["status"], refused.json()["decision_reason"]) == ("rejected", "too-generous")
    assert await versions(services) == 0


@pytest.mark.usefixtures("second_person")
async def test_cancelling_a_version_puts_what_was_in_force_when_it_was_asked_for_in_its_place(
    client: httpx.AsyncClient, asker: dict[str, str], shop: Shop, services: Services
) -> None:
    await publish(services, programme(rate(points=1)))
    second = await shop.staff("manager")
    start = services.clock() + timedelta(days=3)
    scheduled = await client.post(VERSIONS, headers=asker, json={"version": 1, "starts_at": start.isoformat()})
    await decide(client, second, scheduled.json()["approval_id"])
    asked = await client.post(VERSIONS, headers=asker, json={"instead_of": 2})
    assert (asked.status_code, asked.json()["payload"]["version"]) == (202, 1)
    await publish(services, programme(rate(points=5)))
    done = await decide(client, second, asked.json()["approval_id"])
    assert done.status_code == 201, done.text
    assert services.programmes.at(start).document.earn_rules[0].formula.points == 1, "what was shown and approved"
    late = await client.post(VERSIONS, headers=asker, json={"instead_of": 1})
    assert (late.status_code, late.json()["code"]) == (409, "programme_version_started")


@pytest.mark.usefixtures("second_person")
async def test_what_waits_already_is_not_asked_for_again(client: httpx.AsyncClient, asker: dict[str, str]) -> None:
    first = await ask(client, asker)
    second = await ask(client, asker)
    assert (second.status_code, second.json()["code"]) == (409, "approval_pending")
    assert second.json()["approval_id"] == first.json()["approval_id"]
    assert (await ask(client, asker, note="another")).status_code == 202


@pytest.mark.usefixtures("second_person")
async def test_a_request_expires(
    client: httpx.AsyncClient, asker: dict[str, str], shop: Shop, clock: MovableClock, services: Services
) -> None:
    approval_id = (await ask(client, asker)).json()["approval_id"]
    second = await shop.staff("manager")
    pending = (await client.get(f"{APPROVALS}?status=pending", headers=second)).json()["approvals"]
    assert [each["approval_id"] for each in pending] == [approval_id]
    clock.advance(days=7)
    second = await shop.staff("manager")
    late = await decide(client, second, approval_id)
    assert (late.status_code, late.json()["code"]) == (409, "approval_expired")
    assert (await client.get(f"{APPROVALS}?status=pending", headers=second)).json()["approvals"] == []
    expired = (await client.get(f"{APPROVALS}?status=expired", headers=second)).json()["approvals"]
    assert [each["status"] for each in expired] == ["expired"]
    assert await versions(services) == 0
    assert (await ask(client, await shop.staff("manager"))).status_code == 202


@pytest.mark.usefixtures("second_person")
async def test_a_draft_that_changed_meanwhile_is_not_published(
    client: httpx.AsyncClient, asker: dict[str, str], shop: Shop, services: Services
) -> None:
    approval_id = (await ask(client, asker)).json()["approval_id"]
    document = (await client.get(f"{DRAFTS}/spring", headers=asker)).json()["document"]
    await client.put(f"{DRAFTS}/spring", headers=asker | {"If-Match": '"1"'}, json={"document": document})
    second = await shop.staff("manager")
    stale = await decide(client, second, approval_id)
    assert (stale.status_code, await versions(services)) == (412, 0)
    kept = (await client.get(f"{APPROVALS}/{approval_id}", headers=second)).json()
    assert kept["status"] == "pending"


@pytest.mark.usefixtures("second_person")
async def test_of_many_who_decide_at_once_one_does(
    client: httpx.AsyncClient, asker: dict[str, str], shop: Shop, services: Services
) -> None:
    approval_id = (await ask(client, asker)).json()["approval_id"]
    second = await shop.staff("manager")
    answers = await asyncio.gather(
        *(decide(client, second, approval_id, approved=number % 2 == 0) for number in range(6))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    ((status,),) = await fetch(services, "SELECT status FROM approval")
    assert await versions(services) == (1 if status == "approved" else 0)


@pytest.mark.usefixtures("second_person")
@pytest.mark.parametrize("role", ["marketer", "support", "analyst"])
async def test_who_may_not_publish_does_not_decide(
    client: httpx.AsyncClient, asker: dict[str, str], shop: Shop, role: str
) -> None:
    approval_id = (await ask(client, asker)).json()["approval_id"]
    answer = await decide(client, await shop.staff(role), approval_id)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")


@pytest.mark.usefixtures("second_person")
async def test_a_decision_is_answered_again_under_its_key(
    client: httpx.AsyncClient, asker: dict[str, str], shop: Shop, services: Services
) -> None:
    approval_id = (await ask(client, asker)).json()["approval_id"]
    keyed = await shop.staff("manager") | {"Idempotency-Key": "decision-1"}
    first, again = await decide(client, keyed, approval_id), await decide(client, keyed, approval_id)
    assert (first.status_code, first.content) == (201, again.content)
    assert await versions(services) == 1
