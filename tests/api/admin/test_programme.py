"""The programme: drafted, checked, published, exported."""

import asyncio
from typing import Any

import httpx
import pytest

from api.services import Services
from kernel.database import driver
from loyalty.programme.decoding import encode_programme
from loyalty.programme.drafts import DraftExistsError, create_draft
from tests.clocks import MovableClock
from tests.journeys.tills import fetch
from tests.programmes import fixed, programme, rate
from tests.shop import Shop

DRAFTS = "/v1/admin/programme/drafts"
VERSIONS = "/v1/admin/programme/versions"
LOCKS_WAITED_FOR = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def document(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return encode_programme(programme(*rules, **more))


@pytest.fixture
async def manager(shop: Shop) -> dict[str, str]:
    return await shop.staff("manager")


async def begin(client: httpx.AsyncClient, headers: dict[str, str], what: dict[str, Any] | None = None) -> None:
    answer = await client.post(DRAFTS, headers=headers, json={"draft_id": "spring", "document": what or document()})
    assert answer.status_code == 201, answer.text


async def publish(client: httpx.AsyncClient, headers: dict[str, str], etag: str, **more: Any) -> httpx.Response:
    return await client.post(VERSIONS, headers=headers | {"If-Match": etag}, json={"draft_id": "spring", **more})


async def test_a_draft_is_changed_by_whoever_read_its_last_revision(
    client: httpx.AsyncClient, manager: dict[str, str]
) -> None:
    await begin(client, manager)
    etag = (await client.get(f"{DRAFTS}/spring", headers=manager)).headers["etag"]
    changed = {"document": document(rate(points=2))}
    first = await client.put(f"{DRAFTS}/spring", headers=manager | {"If-Match": etag}, json=changed)
    assert (first.status_code, first.json()["revision"], first.headers["etag"]) == (200, 2, '"2"')
    second = await client.put(f"{DRAFTS}/spring", headers=manager | {"If-Match": etag}, json={"document": document()})
    assert (second.status_code, second.json()["code"], second.json()["revision"]) == (412, "stale", 2)
    kept = (await client.get(f"{DRAFTS}/spring", headers=manager)).json()
    assert kept["document"]["earn_rules"][0]["formula"]["points"] == 2


async def test_of_two_who_begin_a_draft_at_once_one_does(services: Services) -> None:
    async with services.database.write() as first, services.database.write() as second:
        await create_draft(first, draft_id="spring", document=programme(), by="staff:a", now=services.clock())
        late = asyncio.create_task(
            create_draft(second, draft_id="spring", document=programme(), by="staff:b", now=services.clock())
        )
        while await fetch(services, LOCKS_WAITED_FOR) == [(0,)]:  # noqa: ASYNC110 - only PostgreSQL knows
            await asyncio.sleep(0.01)
        await first.commit()
        with pytest.raises(DraftExistsError):
            await late


@pytest.mark.parametrize("if_match", ['"0"', 'W/"1"', '"1', "1", '"x", "2"'])
async def test_no_other_etag_opens_a_draft(client: httpx.AsyncClient, manager: dict[str, str], if_match: str) -> None:
    await begin(client, manager)
    headers = manager | {"If-Match": if_match}
    answer = await client.put(f"{DRAFTS}/spring", headers=headers, json={"document": document(rate(points=2))})
    assert answer.status_code == 412
    assert (await publish(client, manager, if_match)).status_code == 412


async def test_a_change_without_if_match_is_malformed(client: httpx.AsyncClient, manager: dict[str, str]) -> None:
    await begin(client, manager)
    answer = await client.put(f"{DRAFTS}/spring", headers=manager, json={"document": document()})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


async def test_every_problem_of_a_draft_is_told_with_its_place(
    client: httpx.AsyncClient, manager: dict[str, str]
) -> None:
    broken = document(rate(condition="purchase.total_minor >\n  'ten'"), fixed("gift", -1))
    await begin(client, manager, broken)
    answer = (await client.get(f"{DRAFTS}/spring/problems", headers=manager)).json()
    places = {(problem["path"], problem["line"] > 0) for problem in answer["problems"]}
    assert ("$.earn_rules[0].condition", True) in places
    assert ("$.earn_rules[1].formula.points", False) in places
    refused = await publish(client, manager, '"1"')
    assert (refused.status_code, refused.json()["code"]) == (422, "programme_invalid")
    assert refused.json()["problems"] == answer["problems"]
    assert (await client.get(VERSIONS, headers=manager)).json()["versions"] == []


async def test_a_draft_is_thrown_away_by_whoever_read_its_last_revision(
    client: httpx.AsyncClient, manager: dict[str, str], shop: Shop
) -> None:
    await begin(client, manager)
    await publish(client, manager, '"1"')
    await client.put(f"{DRAFTS}/spring", headers=manager | {"If-Match": '"1"'}, json={"document": document()})
    read = manager | {"If-Match": '"2"'}
    assert (await client.delete(f"{DRAFTS}/spring", headers=manager)).status_code == 400
    stale = await client.delete(f"{DRAFTS}/spring", headers=manager | {"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["revision"]) == (412, 2)
    analyst = (await shop.staff("analyst")) | {"If-Match": '"2"'}
    assert (await client.delete(f"{DRAFTS}/spring", headers=analyst)).status_code == 403
    gone = [await client.delete(f"{DRAFTS}/spring", headers=read) for _ in range(2)]
    assert [answer.status_code for answer in gone] == [204, 404]
    assert (await client.get(f"{VERSIONS}/1", headers=manager)).status_code == 200, "what was published stays"
    await begin(client, manager)
    assert (await client.get(f"{DRAFTS}/spring", headers=manager)).headers["etag"] == '"1"'


@pytest.mark.parametrize(
    ("what", "path"),
    [
        ({"name": 7}, "$.name"),
        ({"surprise": True}, "$"),
        ({"earn_rules": [{"code": "x", "names": {}, "formula": {"kind": "rate", "points": "1"}}]}, "$.earn_rules[0]"),
        ({"currency": None}, "$.currency"),
        ({"name": "a\u0000"}, "$"),
    ],
)
async def test_what_is_no_programme_document_is_not_kept(
    client: httpx.AsyncClient, manager: dict[str, str], what: dict[str, Any], path: str
) -> None:
    body = {"draft_id": "spring", "document": document() | what}
    answer = await client.post(DRAFTS, headers=manager, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "programme_unreadable")
    assert answer.json()["path"].startswith(path)
    assert (await client.get(f"{DRAFTS}/spring", headers=manager)).status_code == 404


async def test_a_number_beyond_all_bounds_is_a_problem_like_any_other(
    client: httpx.AsyncClient, manager: dict[str, str]
) -> None:
    await begin(client, manager, document(fixed("gift", 10**400)))
    (problem,) = (await client.get(f"{DRAFTS}/spring/problems", headers=manager)).json()["problems"]
    assert (problem["path"], problem["code"]) == ("$.earn_rules[0].formula.points", "out_of_range")


async def test_a_backslash_before_letters_is_no_forbidden_character(
    client: httpx.AsyncClient, manager: dict[str, str]
) -> None:
    await begin(client, manager, document() | {"name": "C:\\u0000"})
    kept = (await client.get(f"{DRAFTS}/spring", headers=manager)).json()
    assert kept["document"]["name"] == "C:\\u0000"


async def test_a_published_version_is_used_at_once(
    client: httpx.AsyncClient, manager: dict[str, str], services: Services
) -> None:
    services.programmes.replace([])
    await begin(client, manager, document(rate(points=3)))
    answer = await publish(client, manager, '"1"', note="Three points")
    assert (answer.status_code, answer.json()["version"]) == (201, 1)
    assert services.programmes.at(services.clock()).document.earn_rules[0].formula.points == 3
    read = (await client.get(f"{VERSIONS}/1", headers=manager)).json()
    assert (read["digest"], read["note"]) == (answer.json()["digest"], "Three points")
    assert read["document"]["earn_rules"][0]["formula"]["points"] == 3


async def test_a_version_waits_for_its_start(
    client: httpx.AsyncClient, manager: dict[str, str], services: Services, clock: MovableClock
) -> None:
    services.programmes.replace([])
    await begin(client, manager)
    await publish(client, manager, '"1"', starts_at="2020-01-01T00:00:00Z")
    await publish(client, manager, '"1"', starts_at="2026-03-09T00:00:00+03:00")
    listed = (await client.get(VERSIONS, headers=manager)).json()["versions"]
    assert [version["starts_at"] for version in listed] == ["2026-03-08T21:00:00Z", listed[1]["published_at"]]
    assert services.programmes.at(services.clock()).version == 1
    clock.advance(days=7)
    assert services.programmes.at(services.clock()).version == 2


@pytest.mark.parametrize(
    "starts_at",
    ["2026-03-01T00:00:00", "9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59.999999Z", "tomorrow", [5]],
)
async def test_a_start_is_an_instant(client: httpx.AsyncClient, manager: dict[str, str], starts_at: object) -> None:
    await begin(client, manager)
    answer = await publish(client, manager, '"1"', starts_at=starts_at)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


async def test_publishing_again_under_its_key_publishes_once(
    client: httpx.AsyncClient, manager: dict[str, str]
) -> None:
    await begin(client, manager)
    keyed = manager | {"Idempotency-Key": "publish-1"}
    first, again = await publish(client, keyed, '"1"'), await publish(client, keyed, '"1"')
    assert first.content == again.content
    other = await publish(client, keyed, '"1"', note="another")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len((await client.get(VERSIONS, headers=manager)).json()["versions"]) == 1


async def test_yaml_carries_a_programme_to_another_installation(
    client: httpx.AsyncClient, manager: dict[str, str]
) -> None:
    await begin(client, manager, document(rate(names={"en": "Base", "ru": "Основное"})))
    await publish(client, manager, '"1"')
    exported = await client.get(f"{VERSIONS}/1/yaml", headers=manager)
    assert exported.headers["content-type"].startswith("application/yaml")
    yaml = manager | {"Content-Type": "application/yaml"}
    imported = await client.put(f"{DRAFTS}/copy/yaml", headers=yaml, content=exported.content)
    assert (imported.status_code, imported.json()["revision"]) == (200, 1)
    copy = (await client.get(f"{DRAFTS}/copy", headers=manager)).json()
    assert copy["document"] == (await client.get(f"{VERSIONS}/1", headers=manager)).json()["document"]


async def test_yaml_replaces_only_the_revision_that_it_names(
    client: httpx.AsyncClient, manager: dict[str, str]
) -> None:
    await begin(client, manager)
    exported = await client.get(f"{DRAFTS}/spring/yaml", headers=manager)
    yaml = manager | {"Content-Type": "application/yaml"}
    content = exported.content
    assert (await client.put(f"{DRAFTS}/spring/yaml", headers=yaml, content=content)).status_code == 412
    named = yaml | {"If-Match": exported.headers["etag"]}
    assert (await client.put(f"{DRAFTS}/spring/yaml", headers=named, content=content)).json()["revision"] == 2
    assert (await client.put(f"{DRAFTS}/spring/yaml", headers=named, content=content)).status_code == 412
    assert (await client.put(f"{DRAFTS}/absent/yaml", headers=named, content=content)).status_code == 404


@pytest.mark.parametrize(
    ("content", "status", "line"),
    [
        (b"name: [", 422, 1),
        (b"a: 1\na: 2", 422, 2),
        (b"name: \xff", 400, None),
        (b"", 422, 1),
        (b"name: x", 422, 1),
        (b"name: " + b"9" * 5_000, 422, 1),
    ],
)
async def test_yaml_that_cannot_be_read_is_told_with_its_line(
    client: httpx.AsyncClient, manager: dict[str, str], content: bytes, status: int, line: int | None
) -> None:
    headers = manager | {"Content-Type": "application/yaml"}
    answer = await client.put(f"{DRAFTS}/spring/yaml", headers=headers, content=content)
    assert (answer.status_code, answer.json().get("line")) == (status, line)


async def test_the_schema_describes_every_member_of_a_document(
    client: httpx.AsyncClient, manager: dict[str, str]
) -> None:
    schema = (await client.get("/v1/admin/programme/schema", headers=manager)).json()
    assert schema["$defs"]["ProgrammeDocument"]["properties"].keys() == document().keys()


@pytest.mark.parametrize("version", ["0", "2", "9007199254740992", "99999999999999999999", "one"])
async def test_a_version_that_is_not_there_is_not_found(
    client: httpx.AsyncClient, manager: dict[str, str], version: str
) -> None:
    await begin(client, manager)
    await publish(client, manager, '"1"')
    assert (await client.get(f"{VERSIONS}/{version}", headers=manager)).status_code in (400, 404)


async def test_publishers_at_once_get_a_version_each(
    client: httpx.AsyncClient, manager: dict[str, str], services: Services
) -> None:
    await begin(client, manager)
    answers = await asyncio.gather(*(publish(client, manager, '"1"') for _ in range(3)))
    assert sorted(answer.json()["version"] for answer in answers) == [1, 2, 3]
    async with services.database.read() as session:
        rows = await (await driver(session)).fetch("SELECT version FROM programme_version ORDER BY 1")
    assert [row["version"] for row in rows] == [1, 2, 3]
