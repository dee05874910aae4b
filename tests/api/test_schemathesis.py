"""Requests that nobody thought of, made from the contract: no answer is an error of ours, or one that is not in it.

Each operation is called as those who may call it, with bodies that fit its schema and bodies that do not, half of them
about things that exist. A few by default; many, and as every role, with ``-m nightly``.
"""

import asyncio
from collections.abc import Callable, Iterator
from traceback import format_exception
from typing import Any, TypeAlias

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, strategies
from hypothesis import settings as Budget
from litestar import Litestar
from redis import Redis
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.python.asgi import shutdown_lifespans
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from api.openapi_document.document import openapi_document
from api.openapi_document.routes import DocumentedRoute, documented_routes
from api.security.permissions import PERMISSIONS
from api.services import Services
from kernel.settings import Settings
from loyalty.members.ids import member_public_id
from tests.api.callers import MEMBER, every_caller, may_call
from tests.clocks import MovableClock
from tests.journeys.tills import done, sale
from tests.programmes import publish
from tests.shop import Shop

Operation: TypeAlias = APIOperation[Any, Any, Any, Any]
Request: TypeAlias = Case[Any]

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
A_FEW = Budget(max_examples=4, derandomize=True, phases=[Phase.generate])
MANY = Budget(max_examples=150, phases=[Phase.generate, Phase.shrink], print_blob=True)


@pytest.fixture(scope="module")
def explored(settings: Settings, shared_clock: MovableClock) -> Iterator[Litestar]:
    """The application once more, for Schemathesis: it runs in an event loop of Schemathesis' own."""
    yield create_app(settings, clock=shared_clock)
    shutdown_lifespans()


@pytest.mark.parametrize("caller", [MEMBER, "terminal", "owner"])
async def test_a_few_requests_of_every_kind_get_documented_answers(
    caller: str, explored: Litestar, services: Services, shop: Shop
) -> None:
    await explore(explored, services, shop, caller, A_FEW)


@pytest.mark.nightly
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("caller", ["nobody", MEMBER, "terminal", "training terminal", "hub", *PERMISSIONS, "system"])
async def test_many_requests_of_every_kind_get_documented_answers(
    caller: str, explored: Litestar, services: Services, shop: Shop
) -> None:
    await explore(explored, services, shop, caller, MANY)


async def explore(explored: Litestar, services: Services, shop: Shop, caller: str, budget: Budget) -> None:
    """Try all operations that the caller may call, and tell everything that went wrong at once."""
    await publish(services)
    callers = await every_caller(shop)
    existing = await existing_ids(shop)
    contract = schemathesis.openapi.from_dict(openapi_document(explored))
    contract.app = explored
    assert services.settings.redis_url is not None
    with Redis.from_url(services.settings.redis_url.get_secret_value()) as limits:
        failures: list[str] = []
        for route in documented_routes(explored):
            if may_call(caller, route) and (caller == "nobody" or not route.public):
                headers = await callers.sign_in(caller)
                operation = contract[route.path][route.method]
                send = sender(headers, forget_limits=limits.flushdb)
                failures += await asyncio.to_thread(failures_of, operation, send, ids_for(route, existing), budget)
    assert not failures, "\n\n".join(failures)


def failures_of(
    operation: Operation, send: Callable[[Request], None], existing: dict[str, str], budget: Budget
) -> list[str]:
    """What the operation did wrong, with the request that showed it."""

    @Budget(budget, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=cases(operation, existing))
    def attempt(case: Request) -> None:
        send(case)

    try:
        attempt()
    except (Exception, FailureGroup) as error:
        return [f"{operation.method.upper()} {operation.path}: " + "".join(format_exception(error, limit=0))]
    return []


def cases(operation: Operation, existing: dict[str, str]) -> strategies.SearchStrategy[Request]:
    """Requests that fit, about something that exists where there is any, and requests that do not fit."""
    fitting = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    about_existing = operation.as_strategy(generation_mode=GenerationMode.POSITIVE, path_parameters=existing)
    if not (operation.body or operation.path_parameters or operation.query or operation.headers):
        return fitting
    return fitting | about_existing | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)


def sender(headers: dict[str, str], *, forget_limits: Callable[[], Any]) -> Callable[[Request], None]:
    """Sends a case as the bearer of ``headers`` and compares its answer with the contract."""

    def send(case: Request) -> None:
        forget_limits()
        # Schemathesis would parse YAML, which the contract calls a text, since it is sent as a file.
        unchecked = [response_schema_conformance] if case.path.endswith("/yaml") else []
        case.call_and_validate(headers=headers, checks=CHECKS, excluded_checks=unchecked)

    return send


async def existing_ids(shop: Shop) -> dict[str, str]:
    """Ids of things that are there, by the names of path parameters."""
    till, member_id = await shop.till(store_id=await shop.store("riverside")), await shop.member()
    receipt = await done(shop.client, till, "purchases", sale(member={"id": member_public_id(member_id)}))
    return {
        "store_id": "riverside",
        "terminal_id": till.terminal_id,
        "key_id": till.key_id,
        "cashier_id": await shop.cashier("vera"),
        "member_id": member_public_id(member_id),
        "purchase_id": receipt["id"],
        "receipt_id": receipt["id"],
        "version": "1",
    }


def ids_for(route: DocumentedRoute, existing: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in existing.items() if f"{{{name}}}" in route.path}
