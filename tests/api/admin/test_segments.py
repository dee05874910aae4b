"""Segments over HTTP: declared, listed, counted, changed by JSON and by file."""

import asyncio
from typing import Any

import httpx
import pytest

from api.services import Services
from kernel.database import driver
from loyalty.members.erasing import erase_member
from loyalty.members.ids import member_public_id
from loyalty.members.merging import merge_members
from loyalty.segments.membership import segments_of
from tests.clocks import MovableClock
from tests.journeys.tills import fetch
from tests.programmes import programme, publish
from tests.shop import Shop

SEGMENTS = "/v1/admin/segments"
DECLARED = (
    {"code": "friends", "names": {"en": "Friends"}},
    {"code": "new", "names": {"en": "New"}, "condition": "member.age_days < 7"},
    {"code": "vip", "names": {"en": "VIP"}},
)


@pytest.fixture
async def manager(services: Services, shop: Shop) -> dict[str, str]:
    await publish(services, programme(segments=DECLARED))
    return await shop.staff("manager")


async def replace(client: httpx.AsyncClient, headers: dict[str, str], *members: int, code: str = "friends") -> Any:
    body = {"members": [member_public_id(member) for member in members]}
    return await client.put(f"{SEGMENTS}/{code}/members", headers=headers, json=body)


async def upload(client: httpx.AsyncClient, headers: dict[str, str], content: bytes, mode: str = "replace") -> Any:
    csv = headers | {"Content-Type": "text/csv"}
    return await client.put(f"{SEGMENTS}/friends/members/file?mode={mode}", headers=csv, content=content)


async def listed(services: Services) -> list[tuple[Any, ...]]:
    return await fetch(services, "SELECT segment_code, member_id FROM segment_member ORDER BY 1, 2")


async def test_the_programmes_segments_are_listed_with_how_many_stand_on_them(
    client: httpx.AsyncClient, manager: dict[str, str], shop: Shop
) -> None:
    await replace(client, manager, await shop.member())
    rows = (await client.get(SEGMENTS, headers=manager)).json()["segments"]
    assert [(row["code"], row["condition"], row["listed"]) for row in rows] == [
        ("friends", None, 1),
        ("new", "member.age_days < 7", None),
        ("vip", None, 0),
    ]
    first = (await client.get(f"{SEGMENTS}?limit=2", headers=manager)).json()
    rest = (await client.get(f"{SEGMENTS}?limit=2&cursor={first['next']}", headers=manager)).json()
    assert ([row["code"] for row in rest["segments"]], rest["next"]) == (["vip"], None)


async def test_a_list_is_replaced_added_to_and_taken_from(
    client: httpx.AsyncClient, manager: dict[str, str], shop: Shop, services: Services
) -> None:
    anna, boris, vera = [await shop.member() for _ in range(3)]
    assert (await replace(client, manager, anna, boris, anna)).json() == {"added": 2, "removed": 0, "members": 2}
    assert (await replace(client, manager, anna, boris)).json() == {"added": 0, "removed": 0, "members": 2}
    body = {"add": [member_public_id(vera)], "remove": [member_public_id(anna)]}
    changed = await client.patch(f"{SEGMENTS}/friends/members", headers=manager, json=body)
    assert changed.json() == {"added": 1, "removed": 1, "members": 2}
    assert await listed(services) == [("friends", boris), ("friends", vera)]
    page = (await client.get(f"{SEGMENTS}/friends/members?limit=1", headers=manager)).json()
    assert page["members"] == [member_public_id(boris)]
    rest = (await client.get(f"{SEGMENTS}/friends/members?cursor={page['next']}", headers=manager)).json()
    assert rest == {"members": [member_public_id(vera)], "next": None}
    log = (await client.get("/v1/admin/audit-entries?action=segment.changed", headers=manager)).json()["entries"]
    assert (len(log), log[0]["subject"], log[0]["after"]["members"]) == (3, "segment:friends", 2)


async def test_a_file_changes_a_list_as_a_whole_or_not_at_all(
    client: httpx.AsyncClient, manager: dict[str, str], shop: Shop, services: Services
) -> None:
    anna, boris = await shop.member(), await shop.member()
    good = f"member_id\n{member_public_id(anna)}\n\n{member_public_id(boris)}\n".encode()
    assert (await upload(client, manager, good)).json()["members"] == 2
    bad = f"member_id\n{member_public_id(anna)}\nnobody\n{member_public_id(999)}\n".encode()
    refused = await upload(client, manager, bad)
    assert (refused.status_code, refused.json()["code"]) == (422, "member_list_invalid")
    assert [problem["line"] for problem in refused.json()["problems"]] == [3]
    unknown = await upload(client, manager, f"member_id\n{member_public_id(999)}\n".encode(), "add")
    assert [(each["line"], each["message"]) for each in unknown.json()["problems"]] == [(2, "is nobody")]
    assert len(await listed(services)) == 2
    assert (await upload(client, manager, good, "remove")).json() == {"added": 0, "removed": 2, "members": 0}


@pytest.mark.parametrize(
    ("content", "line"),
    [(b"", 1), (b"id\nmem_1-1\n", 1), (b"member_id\n\xff\n", 2), (b'member_id\n"mem\n', 2), (b"member_id\na,b\n", 2)],
)
async def test_a_file_that_is_no_list_is_told_with_its_line(
    client: httpx.AsyncClient, manager: dict[str, str], content: bytes, line: int
) -> None:
    answer = await upload(client, manager, content)
    assert (answer.status_code, answer.json()["problems"][0]["line"]) == (422, line)


async def test_nobody_is_put_into_a_segment_with_a_condition(
    client: httpx.AsyncClient, manager: dict[str, str], shop: Shop
) -> None:
    answer = await replace(client, manager, await shop.member(), code="new")
    assert (answer.status_code, answer.json()["code"]) == (409, "segment_has_condition")
    assert (await replace(client, manager, code="none")).status_code == 404


async def test_members_of_a_condition_are_found_and_counted(
    client: httpx.AsyncClient, manager: dict[str, str], shop: Shop, clock: MovableClock
) -> None:
    await shop.member()
    clock.advance(days=8)
    young = [await shop.member() for _ in range(3)]
    manager = await shop.staff("manager")
    page = (await client.get(f"{SEGMENTS}/new/members?limit=2", headers=manager)).json()
    assert page["members"] == [member_public_id(member) for member in young[:2]]
    rest = (await client.get(f"{SEGMENTS}/new/members?cursor={page['next']}", headers=manager)).json()
    assert rest == {"members": [member_public_id(young[2])], "next": None}
    count = (await client.get(f"{SEGMENTS}/new/count", headers=manager)).json()
    assert count == {"members": 3, "exact": True, "looked_at": 4, "active": 4}


async def test_a_list_follows_merges_and_forgets_the_erased(
    client: httpx.AsyncClient, manager: dict[str, str], shop: Shop, services: Services
) -> None:
    anna, double, boris = [await shop.member() for _ in range(3)]
    await replace(client, manager, double, boris)
    now = services.clock()
    async with services.database.write() as session:
        await merge_members(session, source_id=double, target_id=anna, actor="staff:a", reason="double", now=now)
        await erase_member(session, boris, actor="staff:a", reason="asked", now=now)
        await session.commit()
    assert await listed(services) == [("friends", anna)]
    assert (await replace(client, manager, double)).json() == {"added": 0, "removed": 0, "members": 1}
    assert (await replace(client, manager, boris)).status_code == 422
    async with services.database.read() as session:
        found = await segments_of(await driver(session), [anna, 999], services.programmes.at(now), now=now)
    assert found == {anna: {"friends", "new"}}


async def test_lists_that_are_replaced_at_once_are_each_whole(
    client: httpx.AsyncClient, manager: dict[str, str], shop: Shop, services: Services
) -> None:
    halves = [[await shop.member() for _ in range(4)] for _ in range(2)]
    answers = await asyncio.gather(*(replace(client, manager, *halves[number % 2]) for number in range(6)))
    assert {answer.status_code for answer in answers} == {200}
    members = [member for _, member in await listed(services)]
    assert members in halves
