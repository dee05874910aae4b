"""Whose holds they are: a till's by its keys and references, a store's among stores, a member's through merges."""

import httpx
import pytest

from api.services import Services
from loyalty.members.ids import member_public_id
from tests.journeys.tills import basket, done, sale, send
from tests.programmes import programme, publish, rate
from tests.shop import Shop, Till

SPENDING = {"value": {"points": 1, "minor": 100}, "needs_proof": False}


@pytest.fixture
async def store(services: Services, shop: Shop) -> str:
    """A store; a point is worth a rouble, and nobody has to prove anything."""
    await publish(services, programme(rate(points=1, per_minor=100), spending=SPENDING))
    return await shop.store()


@pytest.fixture
async def till(shop: Shop, store: str) -> Till:
    return await shop.till(store_id=store)


@pytest.fixture
async def member(client: httpx.AsyncClient, shop: Shop, till: Till) -> dict[str, str]:
    """A member with 100 points."""
    member = {"id": member_public_id(await shop.member())}
    await done(client, till, "purchases", sale("first", member=member))
    return member


async def test_a_hold_under_the_same_key_with_another_reference_is_another_request(
    client: httpx.AsyncClient, till: Till, member: dict[str, str]
) -> None:
    body = basket(member=member, points=10, reference="cart-1")
    first = await send(client, till, "holds", body, key="k")
    assert (await send(client, till, "holds", body, key="k")).content == first.content
    for other in (body | {"reference": "cart-2"}, basket(member=member, points=10)):
        refused = await send(client, till, "holds", other, key="k")
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
        assert refused.json()["differences"] == ["/body/reference"]
