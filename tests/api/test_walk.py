"""All routes with every kind of caller: a route opens to its own audience alone, and foreign ids lead nowhere."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.openapi_document.document import openapi_document
from api.openapi_document.routes import DocumentedRoute, documented_routes
from api.security.middleware import AUDIENCE_ROOTS
from api.services import Services
from kernel.ids import encode_public_id
from kernel.settings import Settings
from loyalty.members.ids import member_public_id
from tests.api.callers import MEMBER, SYSTEM, every_caller, may_call, member_headers, scheme_of, send_example
from tests.journeys.tills import done, sale
from tests.programmes import publish
from tests.shop import Shop

APP = create_app(Settings())
ROUTES = list(documented_routes(APP))

NOBODYS: dict[str, str] = {
    "member_id": member_public_id(999_999),
    "purchase_id": encode_public_id("pur", 999_999, 1),
    "receipt_id": encode_public_id("pur", 999_999, 1),
    "approval_id": encode_public_id("apr", 999_999),
    "redemption_id": encode_public_id("red", 999_999, 1),
    "action_id": encode_public_id("act", 999_999, 1),
    "version": "999999",
    "case_id": "999999",
    "task_id": "999999",
    "invoice_id": encode_public_id("inv", 999_999, 1),
    "payment_no": "1",
    "job_id": "999999",
    "batch_id": "999999",
    "delivery_id": "999999",
}
"""Ids that are well-formed and nobody's; of what the business names itself, any name."""
OTHER_PARAMETERS = "nowhere-1"

MALFORMED = ("0", "mem_", "mem_0-0", "pur_2ka9-7-zz", "%00", "%F0%9F%92%A5", "%27%3B--", "9" * 200, "-1", "%20")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi_document(APP)


def names_in_path(route: DocumentedRoute) -> list[str]:
    return [part[1:-1] for part in route.path.split("/") if part.startswith("{")]


def nobodys_ids(route: DocumentedRoute) -> dict[str, str]:
    return {name: NOBODYS.get(name, OTHER_PARAMETERS) for name in names_in_path(route)}


def routes_with_ids() -> Iterator[DocumentedRoute]:
    return (route for route in ROUTES if names_in_path(route))


def entitled(route: DocumentedRoute) -> str:
    """A caller for whom the route is."""
    return {"me": MEMBER, "pos": "terminal", "admin": "owner", "events": SYSTEM, "invoices": SYSTEM}[
        route.audience_root
    ]


def test_every_route_is_public_or_belongs_to_an_audience() -> None:
    strays = [route.path for route in ROUTES if not route.public]
    assert [path for path in strays if path.split("/")[2] not in AUDIENCE_ROOTS] == []


def test_every_route_of_staff_needs_a_permission() -> None:
    routes = [route for route in ROUTES if route.path.startswith(("/v1/admin", "/v1/metrics"))]
    assert [f"{route.method} {route.path}" for route in routes if not route.public and not route.permissions] == []


def test_every_route_of_systems_needs_a_scope() -> None:
    routes = [route for route in ROUTES if route.path.startswith(("/v1/events", "/v1/invoices"))]
    assert [f"{route.method} {route.path}" for route in routes if not route.scopes] == []


async def test_a_route_opens_to_those_it_is_for_and_to_nobody_else(
    services: Services, client: httpx.AsyncClient, shop: Shop, document: dict[str, Any]
) -> None:
    await publish(services)
    callers = await every_caller(shop)
    wrong = []
    for route in ROUTES:
        for caller in callers.names:
            await services.redis.flushdb()
            headers = await callers.sign_in(caller)
            answer = await send_example(client, document, route, headers, in_path=nobodys_ids(route))
            refused = answer.status_code == 401 or (
                answer.status_code == 403 and answer.json()["code"] in ("permission_missing", "scope_missing")
            )
            if refused == may_call(caller, route) or answer.status_code >= 500:
                wrong.append(f"{caller}: {route.method} {route.path} answered {answer.status_code} {answer.text}")
    assert wrong == []


async def test_the_token_of_another_audience_is_refused_like_none(
    services: Services, client: httpx.AsyncClient, shop: Shop, document: dict[str, Any]
) -> None:
    callers = await every_caller(shop)
    for route in ROUTES:
        if route.public:
            continue
        bodies = set()
        for caller in callers.names:
            if scheme_of(caller) != scheme_of(entitled(route)):
                headers = await callers.sign_in(caller)
                answer = await send_example(client, document, route, headers, in_path=nobodys_ids(route))
                bodies.add((answer.status_code, answer.json()["code"]))
        assert bodies == {(401, "not_authenticated")}, route


async def test_an_id_that_is_nobodys_is_absent(
    services: Services, client: httpx.AsyncClient, shop: Shop, document: dict[str, Any]
) -> None:
    await publish(services)
    callers = await every_caller(shop)
    wrong = []
    for route in routes_with_ids():
        await services.redis.flushdb()
        headers = await callers.sign_in(entitled(route))
        answer = await send_example(client, document, route, headers, in_path=nobodys_ids(route))
        if answer.status_code != 404:
            wrong.append(f"{route.method} {route.path} answered {answer.status_code} {answer.text}")
    assert wrong == []


async def test_what_is_no_id_is_absent_or_malformed(
    services: Services, client: httpx.AsyncClient, shop: Shop, document: dict[str, Any]
) -> None:
    await publish(services)
    callers = await every_caller(shop)
    wrong = []
    for route in routes_with_ids():
        headers = await callers.sign_in(entitled(route))
        for text in MALFORMED:
            await services.redis.flushdb()
            in_path = dict.fromkeys(names_in_path(route), text)
            answer = await send_example(client, document, route, headers, in_path=in_path)
            if answer.status_code not in (400, 404, 405):
                wrong.append(f"{route.method} {route.path} with {text} answered {answer.status_code} {answer.text}")
    assert wrong == []


async def test_a_purchase_of_another_member_is_absent(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    owner, other = await shop.member(), await shop.member()
    receipt = await done(client, await shop.till(), "purchases", sale(member={"id": member_public_id(owner)}))
    path = f"/v1/me/purchases/{receipt['id']}"
    assert (await client.get(path, headers=await member_headers(shop, owner))).status_code == 200
    foreign = await client.get(path, headers=await member_headers(shop, other))
    assert (foreign.status_code, foreign.json()["code"]) == (404, "purchase_not_found")
    in_staffs_path = f"/v1/admin/members/{member_public_id(other)}/purchases/{receipt['id']}"
    assert (await client.get(in_staffs_path, headers=await shop.staff("owner"))).status_code == 404
