"""A member's points as support sees and corrects them."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from api.services import Services
from loyalty.members.ids import member_public_id
from tests.clocks import MovableClock
from tests.journeys.test_purchases import sale, sell
from tests.programmes import publish
from tests.shop import Shop

MEMBERS = "/v1/admin/members"


@pytest.fixture
async def support(shop: Shop) -> dict[str, str]:
    return await shop.staff("support")


@pytest.fixture
async def anna(shop: Shop, services: Services) -> str:
    await publish(services)
    return member_public_id(await shop.member())


async def adjust(
    client: httpx.AsyncClient, headers: dict[str, str], member_id: str, points: object, **more: Any
) -> httpx.Response:
    body = {"points": points, "reason": "goodwill", **more}
    return await client.post(f"{MEMBERS}/{member_id}/adjustments", headers=headers, json=body)


async def balance(client: httpx.AsyncClient, headers: dict[str, str], member_id: str) -> int:
    (wallet,) = (await client.get(f"{MEMBERS}/{member_id}/balance", headers=headers)).json()["wallets"]
    return int(wallet["balance"])


async def test_a_correction_counts_once_and_tells_who_and_why(
    client: httpx.AsyncClient, support: dict[str, str], anna: str
) -> None:
    keyed = support | {"Idempotency-Key": "goodwill-1"}
    first = await adjust(client, keyed, anna, 50, note="Cold coffee")
    again = await adjust(client, keyed, anna, 50, note="Cold coffee")
    assert (first.status_code, first.json()["balance"], again.content) == (201, 50, first.content)
    other = await adjust(client, keyed, anna, 50, note="Warm coffee")
    assert (other.status_code, other.json()["differences"]) == (422, ["/body/note"])
    (entry,) = (await client.get(f"{MEMBERS}/{anna}/entries", headers=support)).json()["entries"]
    assert (entry["points"], entry["kind"], entry["reason"]) == (50, "adjusted", "goodwill")
    assert entry["actor"].startswith("staff:")
    assert await balance(client, support, anna) == 50


@pytest.mark.parametrize(
    ("role", "points", "status"),
    [
        ("support", 1_000, 201),
        ("support", 1_001, 202),
        ("support", -1_001, 202),
        ("manager", 1_001, 201),
        ("owner", 1_000_000_000, 201),
        ("owner", 1_000_000_001, 400),
        ("owner", 2**63, 400),
        ("owner", 10**30, 400),
        ("owner", 1.5, 400),
        ("owner", "ten", 400),
        ("owner", None, 400),
        ("owner", 0, 422),
    ],
)
async def test_a_correction_is_as_large_as_the_role_allows(
    client: httpx.AsyncClient, shop: Shop, anna: str, role: str, points: object, status: int
) -> None:
    headers = await shop.staff(role)
    answer = await adjust(client, headers, anna, points)
    assert answer.status_code == status, answer.text
    after = await client.get(f"{MEMBERS}/{anna}/balance", headers=await shop.staff("owner"))
    assert after.json()["wallets"][0]["balance"] == (points if status == 201 else 0)


async def test_points_that_are_not_there_are_taken_only_into_debt(
    client: httpx.AsyncClient, support: dict[str, str], anna: str
) -> None:
    await adjust(client, support, anna, 30)
    refused = await adjust(client, support, anna, -50)
    assert (refused.status_code, refused.json()["code"]) == (422, "insufficient_points")
    assert await balance(client, support, anna) == 30
    owed = await adjust(client, support, anna, -50, into_debt=True)
    assert (owed.status_code, owed.json()["balance"]) == (201, -20)


async def test_points_given_until_an_instant_are_gone_at_it(
    client: httpx.AsyncClient, support: dict[str, str], shop: Shop, anna: str, clock: MovableClock
) -> None:
    keyed = support | {"Idempotency-Key": "until"}
    first = await adjust(client, keyed, anna, 50, expires_at="2026-03-03T15:30:00+03:00")
    again = await adjust(client, keyed, anna, 50, expires_at="2026-03-03T12:30:00Z")
    assert (first.status_code, again.content) == (201, first.content)
    other = await adjust(client, keyed, anna, 50)
    assert (other.status_code, other.json()["differences"]) == (422, ["/body/expires_at"])
    (wallet,) = (await client.get(f"{MEMBERS}/{anna}/balance", headers=support)).json()["wallets"]
    assert [(part["points"], part["expires_at"]) for part in wallet["expiring"]] == [(50, "2026-03-03T12:30:00Z")]
    clock.set(datetime(2026, 3, 3, 12, 29, 59, tzinfo=UTC))
    support = await shop.staff("support")
    assert await balance(client, support, anna) == 50
    clock.advance(seconds=1)
    assert await balance(client, support, anna) == 0


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"expires_at": "2026-03-01T00:00:00Z"}, 422),
        ({"expires_at": "2026-12-31T00:00:00Z", "points": -1}, 422),
        ({"expires_at": "2026-12-31T00:00:00"}, 400),
        ({"expires_at": "2026-12-31"}, 400),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, 400),
        ({"expires_at": "9999-12-31T23:59:59.999999Z"}, 400),
        ({"wallet": "miles"}, 422),
        ({"reason": "He asked nicely"}, 400),
        ({"reason": ""}, 400),
        ({"wallet": ""}, 400),
        ({"note": "a\u0000"}, 400),
        ({"expiry": "never"}, 400),
    ],
)
async def test_a_correction_that_cannot_be_books_nothing(
    client: httpx.AsyncClient, support: dict[str, str], anna: str, more: dict[str, Any], status: int
) -> None:
    assert (await adjust(client, support, anna, **{"points": 10, **more})).status_code == status
    assert (await client.get(f"{MEMBERS}/{anna}/entries", headers=support)).json()["entries"] == []


async def test_an_entry_leads_to_its_purchase_explained(
    client: httpx.AsyncClient, support: dict[str, str], shop: Shop, anna: str
) -> None:
    await sell(client, await shop.till(), sale(member={"id": anna}))
    (entry,) = (await client.get(f"{MEMBERS}/{anna}/entries", headers=support)).json()["entries"]
    explained = (await client.get(entry["purchase"]["explanation"], headers=support)).json()
    (rule,) = explained["explanation"]
    assert (rule["rule"], rule["points"], rule["outcome"]) == ("base", 100, "paid")


async def test_a_purchase_is_found_at_its_own_member_alone(
    client: httpx.AsyncClient, support: dict[str, str], shop: Shop, anna: str
) -> None:
    receipt = (await sell(client, await shop.till(), sale(member={"id": anna}))).json()
    other = member_public_id(await shop.member())
    own = await client.get(f"{MEMBERS}/{anna}/purchases/{receipt['id']}", headers=support)
    foreign = await client.get(f"{MEMBERS}/{other}/purchases/{receipt['id']}", headers=support)
    assert (own.status_code, foreign.status_code, foreign.json()["code"]) == (200, 404, "purchase_not_found")


async def test_a_merge_moves_the_points_and_their_story(
    client: httpx.AsyncClient, support: dict[str, str], shop: Shop, anna: str
) -> None:
    card = member_public_id(await shop.member(card="290000005555"))
    await sell(client, await shop.till(), sale(member={"id": card}))
    await adjust(client, support, anna, 7)
    merge, keyed = {"source_id": card, "reason": "same-person"}, support | {"Idempotency-Key": "merge-1"}
    first = await client.post(f"{MEMBERS}/{anna}/merges", headers=keyed, json=merge)
    again = await client.post(f"{MEMBERS}/{anna}/merges", headers=keyed, json=merge)
    assert (first.status_code, again.content) == (201, first.content)
    assert await balance(client, support, anna) == 107
    assert await balance(client, support, card) == 107
    entries = (await client.get(f"{MEMBERS}/{anna}/entries", headers=support)).json()["entries"]
    assert sorted(entry["points"] for entry in entries) == [7, 100]
    for body in (merge, {"source_id": anna, "reason": "same-person"}):
        refused = await client.post(f"{MEMBERS}/{anna}/merges", headers=support, json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "cannot_merge")


async def test_a_walk_through_the_entries_meets_each_once(
    client: httpx.AsyncClient, support: dict[str, str], anna: str
) -> None:
    for points in range(1, 6):
        await adjust(client, support, anna, points)
    met: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(f"{MEMBERS}/{anna}/entries", headers=support, params=query)).json()
        met += [entry["points"] for entry in page["entries"]]
        cursor = page["next"]
    assert met == [5, 4, 3, 2, 1]
