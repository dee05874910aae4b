"""Publishing again: rolling back, cancelling what has not started, and what one server tells another."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from api.services import Services
from tests.clocks import MovableClock
from tests.programmes import programme, publish, rate
from tests.shop import Shop

VERSIONS = "/v1/admin/programme/versions"


@pytest.fixture
async def manager(shop: Shop) -> dict[str, str]:
    return await shop.staff("manager")


async def post(client: httpx.AsyncClient, headers: dict[str, str], **body: Any) -> httpx.Response:
    return await client.post(VERSIONS, headers=headers, json=body)


def points_at(services: Services, **later: int) -> int:
    """What the rule pays then."""
    return services.programmes.at(services.clock() + timedelta(**later)).document.earn_rules[0].formula.points


async def test_rolling_back_publishes_an_earlier_version_again(
    client: httpx.AsyncClient, manager: dict[str, str], services: Services
) -> None:
    await publish(services, programme(rate(points=1)))
    await publish(services, programme(rate(points=9)))
    answer = await post(client, manager, version=1, note="Back")
    assert (answer.status_code, answer.json()["version"], points_at(services)) == (201, 3, 1)
    listed = (await client.get(VERSIONS, headers=manager)).json()["versions"]
    assert [version["version"] for version in listed] == [3, 2, 1]
    assert listed[0]["digest"] == listed[2]["digest"]


async def test_a_version_that_has_not_started_is_cancelled_by_what_is_in_force_until_then(
    client: httpx.AsyncClient, manager: dict[str, str], services: Services, clock: MovableClock, shop: Shop
) -> None:
    await publish(services, programme(rate(points=1)))
    start = (services.clock() + timedelta(days=3)).isoformat()
    scheduled = await post(client, manager, version=1, starts_at=start)
    await publish(services, programme(rate(points=5)))
    answer = await post(client, manager, instead_of=scheduled.json()["version"])
    assert (answer.status_code, answer.json()["starts_at"]) == (201, scheduled.json()["starts_at"])
    assert [points_at(services), points_at(services, days=4)] == [5, 5]
    clock.advance(days=4)
    late = await post(client, await shop.staff("manager"), instead_of=answer.json()["version"])
    assert (late.status_code, late.json()["code"]) == (409, "programme_version_started")


async def test_another_draft_or_version_takes_the_place_of_what_is_scheduled(
    client: httpx.AsyncClient, manager: dict[str, str], services: Services
) -> None:
    await publish(services, programme(rate(points=1)))
    await publish(services, programme(rate(points=5)))
    start = (services.clock() + timedelta(days=3)).isoformat()
    scheduled = (await post(client, manager, version=2, starts_at=start)).json()["version"]
    assert (await post(client, manager, version=1, instead_of=scheduled)).status_code == 201
    assert [points_at(services), points_at(services, days=4)] == [5, 1]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "publication_unclear"),
        ({"draft_id": "spring", "version": 1}, 404, "draft_not_found"),
        ({"instead_of": 1}, 409, "programme_version_started"),
        ({"instead_of": 9}, 404, "programme_version_not_found"),
        ({"version": 9}, 404, "programme_version_not_found"),
        ({"version": 1, "instead_of": 1, "starts_at": "2027-01-01T00:00:00Z"}, 422, "publication_unclear"),
        ({"version": 0}, 400, "malformed_request"),
        ({"version": "1"}, 400, "malformed_request"),
        ({"version": 2**60}, 400, "malformed_request"),
    ],
)
async def test_what_cannot_be_published_is_told_apart(
    client: httpx.AsyncClient,
    manager: dict[str, str],
    services: Services,
    body: dict[str, Any],
    status: int,
    code: str,
) -> None:
    await publish(services)
    answer = await post(client, manager | {"If-Match": '"1"'}, **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_draft_is_not_published_unseen(client: httpx.AsyncClient, manager: dict[str, str]) -> None:
    answer = await post(client, manager, draft_id="spring")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")
