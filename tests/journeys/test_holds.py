"""Whose holds they are: a till's by its keys and references, a store's among stores, a member's through merges."""

import httpx
import pytest

from api.services import Services
from loyalty.members.ids import member_public_id
from tests.journeys.tills import balances, basket, done, refund, sale, send
from tests.programmes import programme, publish, rate
from tests.shop import Shop, Till
from tests.verified import assert_verified

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


async def merge(client: httpx.AsyncClient, shop: Shop, source: dict[str, str], target: dict[str, str]) -> None:
    body = {"source_id": source["id"], "reason": "same-person"}
    answer = await client.post(f"/v1/admin/members/{target['id']}/merges", json=body, headers=await shop.staff("owner"))
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("named", ["who went", "who stayed", "who went there too"])
async def test_a_hold_of_a_merged_member_is_captured_late_whoever_of_them_the_sale_names(
    services: Services, client: httpx.AsyncClient, shop: Shop, till: Till, member: dict[str, str], named: str
) -> None:
    hold = await done(client, till, "holds", basket(member=member, points=60))
    survivor, other = [{"id": member_public_id(await shop.member())} for _ in range(2)]
    for source in (member, other):
        await merge(client, shop, source, survivor)
    buyer = {"who went": member, "who stayed": survivor, "who went there too": other}[named]
    body = sale("2", member=buyer, hold_id=hold["id"])
    bought = await done(client, till, "purchases", body, key="k")
    assert (bought["member_id"], bought["hold_id"]) == (survivor["id"], hold["id"])
    assert (bought["points_used"], bought["shortfall_points"]) == (60, 0)
    assert bought["balances"] == [{"wallet": "points", "balance": 80}]
    assert await done(client, till, "purchases", body, key="k") == bought
    item = {"key": "k", "kind": "purchase", "purchase": body}
    assert (await done(client, till, "batches", {"items": [item]}))["items"][0]["body"] == bought
    twice = await send(client, till, "purchases", sale("3", member=survivor, hold_id=hold["id"]))
    assert (twice.status_code, twice.json()["code"]) == (409, "hold_not_open")
    assert sorted(await balances(services)) == [0, 80]
    await assert_verified(services)


async def test_a_hold_of_somebody_else_is_no_hold(
    client: httpx.AsyncClient, shop: Shop, till: Till, member: dict[str, str]
) -> None:
    hold = await done(client, till, "holds", basket(member=member, points=60))
    stranger = {"id": member_public_id(await shop.member())}
    refused = await send(client, till, "purchases", sale("2", member=stranger, hold_id=hold["id"]))
    assert (refused.status_code, refused.json()["code"]) == (404, "hold_not_found")


@pytest.mark.parametrize("state", ["open", "voided", "captured"])
async def test_a_hold_is_known_in_its_own_store_alone(
    services: Services, client: httpx.AsyncClient, shop: Shop, till: Till, member: dict[str, str], state: str
) -> None:
    hold = await done(client, till, "holds", basket(member=member, points=60))
    if state == "voided":
        await done(client, till, "voids", {"hold_id": hold["id"]})
    if state == "captured":
        await done(client, till, "purchases", sale("2", member=member, hold_id=hold["id"]))
    before = await balances(services)
    foreign, body = await shop.till(), sale("3", member=member, hold_id=hold["id"])
    unknown = sale("4", member=member, hold_id="hld_1-1-00")
    missing = await send(client, foreign, "purchases", unknown)
    for path, asked in {
        "purchases": body,
        "exchanges": {"refund": refund("first"), "purchase": body},
        "voids": {"hold_id": hold["id"]},
    }.items():
        answer = await send(client, foreign, path, asked)
        assert answer.status_code == 404
        assert answer.json() == missing.json()
    item = {"key": "k", "kind": "purchase", "purchase": body}
    (queued,) = (await done(client, foreign, "batches", {"items": [item]}))["items"]
    assert (queued["status"], queued["body"]) == (404, missing.json())
    assert await balances(services) == before


async def test_a_hold_is_captured_and_voided_at_another_till_of_its_store(
    client: httpx.AsyncClient, shop: Shop, store: str, till: Till, member: dict[str, str]
) -> None:
    neighbour = await shop.till(store_id=store)
    first, second = [await done(client, till, "holds", basket(member=member, points=20)) for _ in range(2)]
    bought = await done(client, neighbour, "purchases", sale("2", member=member, hold_id=first["id"]))
    assert bought["points_used"] == 20
    assert (await done(client, neighbour, "voids", {"hold_id": second["id"]}))["hold"]["status"] == "voided"


async def refusal(client: httpx.AsyncClient, till: Till, void: dict[str, str]) -> tuple[int, str]:
    answer = await send(client, till, "voids", void)
    return answer.status_code, answer.json()["code"]


async def test_a_hub_of_another_store_uses_the_holds_that_the_till_it_acts_for_could_use_and_no_others(
    client: httpx.AsyncClient, shop: Shop, store: str, till: Till, member: dict[str, str]
) -> None:
    neighbour = await shop.till(store_id=store)
    hub = await shop.till(kind="hub", acts_for=[till.terminal_id])
    first, second = [await done(client, till, "holds", basket(member=member, points=20)) for _ in range(2)]
    in_its_name = {"terminal": till.terminal_id}
    bought = await done(client, hub, "purchases", sale("2", member=member, hold_id=first["id"], **in_its_name))
    assert bought["points_used"] == 20
    own = await done(client, hub, "holds", basket(member=member, points=5, **in_its_name))
    assert (await done(client, till, "voids", {"hold_id": own["id"]}))["hold"]["status"] == "voided"
    for body in ({"hold_id": second["id"]}, {"hold_id": second["id"], "terminal": hub.terminal_id}):
        assert await refusal(client, hub, body) == (404, "hold_not_found")
    of_the_store = await done(client, neighbour, "holds", basket(member=member, points=5))
    assert await refusal(client, hub, {"hold_id": of_the_store["id"]}) == (404, "hold_not_found")
    assert (await done(client, hub, "voids", {"hold_id": of_the_store["id"], **in_its_name}))["kind"] == "hold"
    at_the_hub = await done(client, hub, "holds", basket(member=member, points=5))
    named = {"hold_id": at_the_hub["id"], **in_its_name}
    assert await refusal(client, hub, named) == (404, "hold_not_found")
    assert (await done(client, hub, "voids", {"hold_id": second["id"], **in_its_name}))["kind"] == "hold"


@pytest.mark.parametrize(
    ("held", "points_used", "taken", "flags"),
    [
        (None, None, 0, []),
        (None, 0, 0, []),
        (None, 1, 0, ["points_without_hold"]),
        (50, None, 50, []),
        (50, 49, 49, []),
        (50, 50, 50, []),
        (50, 51, 50, ["points_above_hold"]),
    ],
)
async def test_points_that_no_hold_covers_are_not_taken_and_the_answer_says_so(
    client: httpx.AsyncClient,
    till: Till,
    member: dict[str, str],
    held: int | None,
    points_used: int | None,
    taken: int,
    flags: list[str],
) -> None:
    told = {} if points_used is None else {"points_used": points_used}
    if held is not None:
        told["hold_id"] = (await done(client, till, "holds", basket(member=member, points=held)))["id"]
    bought = await done(client, till, "purchases", sale("2", member=member, **told))
    assert (bought["points_used"], bought["to_pay_minor"]) == (taken, 10_000 - 100 * taken)
    assert [flag for flag in bought["flags"] if flag != "unknown_sku"] == flags


async def test_a_guests_points_are_nobodys(client: httpx.AsyncClient, till: Till, member: dict[str, str]) -> None:
    bought = await done(client, till, "purchases", sale("2", points_used=10))
    assert (bought["kind"], bought["points_used"], bought["flags"]) == ("guest", 0, ["points_without_hold"])
