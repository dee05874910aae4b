"""A system's route opens to keys that were made for it."""

import httpx
import pytest
from litestar import Litestar, post
from litestar.datastructures import State

from api.dependencies import PROVIDERS, System
from api.openapi_document.audiences import permission_note
from api.openapi_document.routes import documented_routes
from api.problems import EXCEPTION_HANDLERS
from api.security.middleware import Authentication
from api.security.scopes import requires_scope
from api.services import Services
from loyalty.access.scopes import Scope
from tests.api.callers import SYSTEM, every_caller, may_call
from tests.shop import Shop


@post("/v1/events/probe", guards=[requires_scope(Scope.EVENTS_WRITE)])
async def probe(caller: System) -> list[str]:
    """A route as systems have them."""
    return sorted(caller.scopes)


@pytest.fixture
def systems_app(services: Services) -> Litestar:
    """Guarded like the application, with one route of systems."""
    return Litestar(
        [probe],
        state=State({"services": services, "postings": None}),
        dependencies=PROVIDERS,
        middleware=[Authentication()],
        exception_handlers=EXCEPTION_HANDLERS,
    )


async def test_a_systems_route_opens_to_keys_with_its_scope_and_to_nobody_else(
    systems_app: Litestar, shop: Shop
) -> None:
    (route,) = documented_routes(systems_app)
    assert permission_note(route) == "Needs the scope `events:write`."
    callers = await every_caller(shop)
    transport = httpx.ASGITransport(systems_app)  # type: ignore[arg-type]  # its ASGI types are looser
    async with httpx.AsyncClient(transport=transport, base_url="http://comeback.test") as client:
        answers = {name: await client.post(route.path, headers=await callers.sign_in(name)) for name in callers.names}
    assert {name for name, answer in answers.items() if answer.status_code == 201} == {SYSTEM}
    assert {name for name in callers.names if may_call(name, route)} == {SYSTEM}
    assert answers[SYSTEM].json() == sorted(Scope)
    refused = answers["system without scopes"]
    assert (refused.status_code, refused.json()["code"], refused.json()["scope"]) == (
        403,
        "scope_missing",
        "events:write",
    )
