"""One caller of every kind, signed in, and requests that are made from the contract."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import msgspec

from api.openapi_document.audiences import SCHEME_OF_ROOT
from api.openapi_document.routes import DocumentedRoute
from api.security.access import issue_member_access
from api.security.permissions import PERMISSIONS
from loyalty.access.keys import issue_key
from loyalty.access.scopes import Scope
from tests.shop import Shop, bearer

MEMBER = "member"
"""Signed in anew for each request: some routes sign a member out, or erase them."""
SYSTEM = "system"
SYSTEM_WITHOUT_SCOPES = "system without scopes"


@dataclass(frozen=True)
class Callers:
    """The headers of each kind of caller by name."""

    shop: Shop
    headers: dict[str, dict[str, str]]

    async def sign_in(self, name: str) -> dict[str, str]:
        if name == MEMBER:
            return await member_headers(self.shop, await self.shop.member())
        return self.headers[name]

    @property
    def names(self) -> list[str]:
        return [MEMBER, *self.headers]


async def every_caller(shop: Shop) -> Callers:
    """Nobody, a member, terminals of all kinds, staff of each role, systems with every scope and with none."""
    headers = {
        "nobody": {},
        "terminal": (await shop.till()).headers,
        "training terminal": (await shop.till(training=True)).headers,
        "hub": (await shop.till(kind="hub")).headers,
        SYSTEM: bearer(await _system_key(shop, list(Scope))),
        SYSTEM_WITHOUT_SCOPES: bearer(await _system_key(shop, [])),
    }
    for role in PERMISSIONS:
        headers[role] = await shop.staff(role)
    return Callers(shop, headers)


async def member_headers(shop: Shop, member_id: int) -> dict[str, str]:
    services = shop.services
    access = issue_member_access(services.signing_keys, member_id, "a-phone", now=services.clock())
    return bearer(access.token)


def scheme_of(caller: str) -> str:
    """Whose kind of credentials the caller has: a scheme of the contract, or none."""
    if caller in PERMISSIONS:
        return "staff"
    return {"training terminal": "terminal", "hub": "terminal", SYSTEM_WITHOUT_SCOPES: SYSTEM}.get(caller, caller)


def may_call(caller: str, route: DocumentedRoute) -> bool:
    """What the route's declarations say."""
    if route.public:
        return True
    if scheme_of(caller) != SCHEME_OF_ROOT[route.audience_root]:
        return False
    if caller == SYSTEM_WITHOUT_SCOPES:
        return not route.scopes
    return caller not in PERMISSIONS or set(route.permissions) <= PERMISSIONS[caller]


async def send_example(
    client: httpx.AsyncClient,
    document: dict[str, Any],
    route: DocumentedRoute,
    headers: dict[str, str],
    *,
    in_path: dict[str, str],
) -> httpx.Response:
    """The request that the contract shows, with these values in its path."""
    operation = document["paths"][route.path][route.method]
    sent = {"Idempotency-Key": uuid4().hex, "If-Match": '"1"', **headers}
    content = None
    for media_type, body in operation.get("requestBody", {}).get("content", {}).items():
        sent["Content-Type"] = media_type
        example = body["example"]
        content = example.encode() if isinstance(example, str) else msgspec.json.encode(example)
    path = route.path
    for name, value in in_path.items():
        path = path.replace(f"{{{name}}}", value)
    return await client.request(route.method.upper(), path, headers=sent, content=content)


async def _system_key(shop: Shop, scopes: Sequence[Scope]) -> str:
    services = shop.services
    async with services.database.write() as session:
        key = await issue_key(session, terminal_id=None, label="billing", scopes=scopes, now=services.clock())
        await session.commit()
    return key.secret
