"""Moving in over HTTP: files are sent, checked, applied once, and taken back as one."""

import asyncio
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from api.services import Services
from api.tasks.kinds import every_kind
from api.tasks.working import Tasks
from kernel.database import driver
from loyalty.imports.deliveries import KEPT_FOR, forget_old_files
from loyalty.members.ids import member_public_id
from loyalty.tasks.leasing import LEASE, Taken, take_task
from tests.clocks import MovableClock
from tests.journeys.tills import balances, done, fetch, line, sale
from tests.loyalty.imports.moving import FILES, LOTS, MEMBERS, reverse
from tests.programmes import publish
from tests.shop import Shop
from tests.verified import assert_verified

IMPORTS = "/v1/admin/imports"
ANOTHER_IMPORT = "SELECT pg_advisory_xact_lock(hashtextextended('comeback.import', 0))"


@pytest.fixture
async def owner(services: Services, shop: Shop) -> dict[str, str]:
    await publish(services)
    return await shop.staff("owner")


async def work(services: Services) -> None:
    """Do every task that waits."""
    kinds = every_kind(services.settings)
    tasks = Tasks(services.database, kinds, clock=services.clock, stopping=asyncio.Event())
    while await tasks.work_on_next():
        pass


async def begun(client: httpx.AsyncClient, headers: dict[str, str], files: dict[str, str]) -> str:
    """The path of an import whose files were sent."""
    asked = {"source": "old", "zone": "Europe/Moscow"}
    answer = await client.post(IMPORTS, headers=headers, json=asked)
    assert answer.status_code == 201, answer.text
    path = f"{IMPORTS}/{answer.json()['delivery_id']}"
    for name, text in files.items():
        assert (await sent(client, headers, path, name, text)).status_code == 200
    return path


async def sent(client: httpx.AsyncClient, headers: dict[str, str], path: str, name: str, text: str) -> httpx.Response:
    csv = headers | {"Content-Type": "text/csv"}
    return await client.put(f"{path}/files/{name}", headers=csv, content=text.encode())


async def step(services: Services, client: httpx.AsyncClient, headers: dict[str, str], path: str) -> dict[str, Any]:
    """The import after a step of it; ``path`` ends in the step's name."""
    answer = await client.post(path, headers=headers)
    assert answer.status_code == 201, answer.text
    await work(services)
    return await found(client, headers, path.rpartition("/")[0])


async def moved_in(services: Services, client: httpx.AsyncClient, headers: dict[str, str]) -> dict[str, Any]:
    """An import that was applied."""
    path = await begun(client, headers, FILES)
    await step(services, client, headers, f"{path}/check")
    return await step(services, client, headers, f"{path}/application")


async def found(client: httpx.AsyncClient, headers: dict[str, str], path: str) -> dict[str, Any]:
    body: dict[str, Any] = (await client.get(path, headers=headers)).json()
    return body


async def test_what_is_sent_is_checked_applied_and_taken_back(
    services: Services, client: httpx.AsyncClient, owner: dict[str, str]
) -> None:
    path = await begun(client, owner, FILES)
    checked = await step(services, client, owner, f"{path}/check")
    assert (checked["state"], checked["problems"], checked["import_id"]) == ("checked", 0, None)
    assert (checked["totals"]["members"], checked["totals"]["points:points"]) == (2, 180)
    assert await fetch(services, "SELECT count(*) FROM member") == [(0,)]

    applied = await step(services, client, owner, f"{path}/application")
    assert (applied["state"], applied["files"]) == ("applied", [])
    assert applied["outcome"]["applied"]["points"] == {"points": 180}
    assert await balances(services) == [150, 30]
    noted = "SELECT actor, subject FROM audit_entry WHERE action = 'import.applied'"
    ((actor, subject),) = await fetch(services, noted)
    assert (actor.startswith("staff:"), subject) == (True, f"import:{applied['import_id']}")
    await assert_verified(services)

    taken_back = await step(services, client, owner, f"{path}/reversal")
    assert taken_back["state"] == "reversed"
    assert (taken_back["outcome"]["reversed"]["members_removed"], taken_back["outcome"]["reversed"]["kept"]) == (2, [])
    assert await balances(services) == [0, 0]
    await assert_verified(services)


async def test_the_same_files_in_another_import_change_nothing_and_leave_nothing_to_take_back(
    services: Services, client: httpx.AsyncClient, owner: dict[str, str]
) -> None:
    first = await moved_in(services, client, owner)
    assert first["outcome"]["applied"]["members_new"] == 2
    again = await moved_in(services, client, owner)
    assert (again["outcome"]["applied"]["members_new"], again["import_id"]) == (0, None)
    path = f"{IMPORTS}/{again['delivery_id']}"
    assert (await client.post(f"{path}/reversal", headers=owner)).json()["code"] == "delivery_state"
    assert await balances(services) == [150, 30]


async def test_who_has_bought_meanwhile_keeps_it_and_is_named(
    services: Services, client: httpx.AsyncClient, owner: dict[str, str], shop: Shop
) -> None:
    path = f"{IMPORTS}/{(await moved_in(services, client, owner))['delivery_id']}"
    ((anna,), _) = await fetch(services, "SELECT member_id FROM member ORDER BY member_id")
    await done(client, await shop.till(), "purchases", sale("p", line("x"), member={"id": member_public_id(anna)}))
    outcome = (await step(services, client, owner, f"{path}/reversal"))["outcome"]["reversed"]
    assert outcome["kept"] == [{"member_id": member_public_id(anna), "why": "has_bought"}]
    await assert_verified(services)


async def test_what_is_wrong_stands_in_the_error_file_and_nothing_of_it_comes(
    services: Services, client: httpx.AsyncClient, owner: dict[str, str]
) -> None:
    wrong = FILES | {"lots.csv": LOTS + "l-9,c-9,points,10,2026-01-10,,\n"}
    path = await begun(client, owner, wrong)
    checked = await step(services, client, owner, f"{path}/check")
    assert {problem["code"] for problem in checked["first_problems"]} == {"member_unknown", "total_differs"}
    file = await client.get(f"{path}/problems/csv", headers=owner)
    assert "lots.csv,5,external_id,member_unknown," in file.text
    refused = await client.post(f"{path}/application", headers=owner)
    assert (refused.status_code, refused.json()["code"], refused.json()["problems"]) == (409, "delivery_faulty", 3)
    assert (await sent(client, owner, path, "lots.csv", LOTS)).json()["state"] == "open"
    assert (await client.post(f"{path}/application", headers=owner)).json()["code"] == "delivery_state"
    assert (await step(services, client, owner, f"{path}/check"))["problems"] == 0


async def test_what_has_become_wrong_since_the_check_is_told_and_nothing_comes(
    services: Services, client: httpx.AsyncClient, owner: dict[str, str], shop: Shop
) -> None:
    path = await begun(client, owner, FILES)
    await step(services, client, owner, f"{path}/check")
    await shop.member(phone="+79990000001")
    refused = await step(services, client, owner, f"{path}/application")
    assert (refused["state"], refused["first_problems"][0]["code"]) == ("checked", "identity_taken")
    assert await fetch(services, "SELECT count(*) FROM import_run") == [(0,)]


async def test_a_task_that_is_begun_again_finds_it_done(
    services: Services, client: httpx.AsyncClient, owner: dict[str, str]
) -> None:
    applied = await moved_in(services, client, owner)
    ((asked,),) = await fetch(services, "SELECT parameters FROM task WHERE kind = 'import.apply'")
    again = Taken(
        task_id=applied["task_id"],
        kind="import.apply",
        parameters=asked,
        requested_by="staff:x",
        attempts=2,
    )
    kinds = every_kind(services.settings)
    await kinds[again.kind](services.database, services.clock, again, lambda *_: None)
    assert await found(client, owner, f"{IMPORTS}/{applied['delivery_id']}") == applied
    assert await fetch(services, "SELECT count(*) FROM import_run") == [(1,)]


async def test_a_worker_that_dies_halfway_leaves_nothing_and_another_goes_on(
    services: Services, client: httpx.AsyncClient, owner: dict[str, str], clock: MovableClock
) -> None:
    path = await begun(client, owner, FILES)
    await step(services, client, owner, f"{path}/check")
    assert (await client.post(f"{path}/application", headers=owner)).status_code == 201
    async with services.database.write() as session:
        taken = await take_task(session, ["import.apply"], holder="dying", now=clock())
        await session.commit()
    assert taken is not None
    async with services.database.write() as session:
        await (await driver(session)).execute(ANOTHER_IMPORT)
        kinds = every_kind(services.settings)
        dying = asyncio.ensure_future(kinds[taken.kind](services.database, clock, taken, lambda *_: None))
        await waits_for_a_lock(services)
        dying.cancel()
        await asyncio.wait([dying])
    assert await fetch(services, "SELECT count(*) FROM import_run") == [(0,)]
    assert (await found(client, owner, path))["state"] == "applying"
    assert (await client.post(f"{path}/application", headers=owner)).json()["code"] == "delivery_state"
    clock.advance(seconds=LEASE.total_seconds())
    await work(services)
    assert (await found(client, owner, path))["state"] == "applied"
    assert await balances(services) == [150, 30]
    assert await fetch(services, "SELECT count(*) FROM import_run") == [(1,)]


async def waits_for_a_lock(services: Services) -> None:
    """Until somebody waits for an import to end; ten seconds at the most."""
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    for _ in range(1_000):
        if await fetch(services, waiting) != [(0,)]:
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


async def test_a_worker_with_another_lookup_key_does_nothing(
    services: Services, client: httpx.AsyncClient, owner: dict[str, str]
) -> None:
    path = await begun(client, owner, FILES)
    checked = await step(services, client, owner, f"{path}/check")
    assert (await client.post(f"{path}/application", headers=owner)).status_code == 201
    others = every_kind(services.settings.model_copy(update={"lookup_key": SecretStr("ab" * 32)}))
    await Tasks(services.database, others, clock=services.clock, stopping=asyncio.Event()).work_on_next()
    ((state, error),) = await fetch(services, "SELECT state, error FROM task ORDER BY task_id DESC LIMIT 1")
    assert (state, "COMEBACK_LOOKUP_KEY" in error) == ("failed", True)
    assert await fetch(services, "SELECT count(*) FROM member") == [(0,)]
    applied = await step(services, client, owner, f"{path}/application")
    assert (applied["state"], applied["totals"]) == ("applied", checked["totals"])


async def test_what_was_taken_back_with_a_shell_is_taken_back(
    services: Services, client: httpx.AsyncClient, owner: dict[str, str]
) -> None:
    applied = await moved_in(services, client, owner)
    await reverse(services, applied["import_id"])
    path = f"{IMPORTS}/{applied['delivery_id']}"
    again = await step(services, client, owner, f"{path}/reversal")
    assert (again["state"], again["outcome"]) == ("reversed", applied["outcome"])
    await assert_verified(services)


async def test_other_files_put_an_end_to_a_check(
    services: Services, client: httpx.AsyncClient, owner: dict[str, str]
) -> None:
    path = await begun(client, owner, FILES)
    assert (await client.post(f"{path}/check", headers=owner)).status_code == 201
    await sent(client, owner, path, "members.csv", MEMBERS + "c-3,,Clara,,,\n")
    await work(services)
    assert (await found(client, owner, path))["state"] == "open"


async def test_files_can_be_removed_and_are_forgotten_after_a_week(
    services: Services, client: httpx.AsyncClient, owner: dict[str, str], clock: MovableClock
) -> None:
    path = await begun(client, owner, FILES)
    assert (await client.delete(f"{path}/files/totals.csv", headers=owner)).status_code == 204
    assert (await client.delete(f"{path}/files/totals.csv", headers=owner)).status_code == 404
    assert len((await found(client, owner, path))["files"]) == len(FILES) - 1
    await step(services, client, owner, f"{path}/check")
    for passes, left in ((KEPT_FOR, len(FILES) - 1), (KEPT_FOR / 7, 0)):
        clock.advance(days=passes.days)
        async with services.database.write() as session:
            await forget_old_files(session, now=clock())
            await session.commit()
        assert await fetch(services, "SELECT count(*) FROM import_file") == [(left,)]
    assert await fetch(services, "SELECT state, totals FROM import_delivery") == [("open", {})]


async def test_nothing_is_checked_where_nothing_was_sent_and_no_other_file_is_taken(
    client: httpx.AsyncClient, owner: dict[str, str]
) -> None:
    path = await begun(client, owner, {})
    assert (await client.post(f"{path}/check", headers=owner)).json()["code"] == "nothing_sent"
    assert (await sent(client, owner, path, "secrets.csv", "a\n")).json()["code"] == "import_file_not_found"
    as_json = await client.put(f"{path}/files/members.csv", headers=owner, json={})
    assert as_json.status_code == 415


@pytest.mark.parametrize("wrong", [{"source": "Old System"}, {"zone": "Nowhere/Town"}, {"language": "!!"}])
async def test_an_import_from_nowhere_is_refused(
    client: httpx.AsyncClient, owner: dict[str, str], wrong: dict[str, str]
) -> None:
    answer = await client.post(IMPORTS, headers=owner, json={"source": "old", "zone": "UTC"} | wrong)
    assert answer.status_code == 422, answer.text
