"""Long work as staff see it."""

import httpx

from api.services import Services
from loyalty.tasks.asking import ask_for_task
from loyalty.tasks.leasing import end_task, take_task
from tests.shop import Shop

TASKS = "/v1/admin/tasks"


async def asked(services: Services, kind: str = "count") -> int:
    async with services.database.write() as session:
        task = await ask_for_task(
            session, kind, {"draft_id": "spring"}, requested_by="staff:test", now=services.clock()
        )
        await session.commit()
    return task.task_id


async def done(services: Services, kind: str = "count") -> int:
    task_id = await asked(services, kind)
    async with services.database.write() as session:
        await take_task(session, [kind], holder="worker", now=services.clock())
        await end_task(session, task_id, "done", holder="worker", result={"points": 7}, now=services.clock())
        await session.commit()
    return task_id


async def test_a_task_is_seen_with_its_progress_and_its_result(
    client: httpx.AsyncClient, services: Services, shop: Shop
) -> None:
    manager = await shop.staff("manager")
    first, second = await done(services), await asked(services, "other")
    listed = (await client.get(TASKS, headers=manager)).json()
    assert [task["task_id"] for task in listed["tasks"]] == [second, first]
    of_kind = (await client.get(TASKS, headers=manager, params={"kind": "other", "state": "queued"})).json()
    assert [task["task_id"] for task in of_kind["tasks"]] == [second]
    read = await client.get(f"{TASKS}/{first}", headers=manager)
    assert (read.json()["state"], read.json()["result"]) == ("done", {"points": 7})
    again = await client.get(f"{TASKS}/{first}", headers=manager | {"If-None-Match": read.headers["etag"]})
    assert again.status_code == 304


async def test_tasks_are_listed_page_by_page(client: httpx.AsyncClient, services: Services, shop: Shop) -> None:
    manager = await shop.staff("manager")
    expected = [await asked(services) for _ in range(3)][::-1]
    page = (await client.get(TASKS, headers=manager, params={"limit": 2})).json()
    rest = (await client.get(TASKS, headers=manager, params={"limit": 2, "cursor": page["next"]})).json()
    assert [task["task_id"] for task in page["tasks"] + rest["tasks"]] == expected
    assert rest["next"] is None


async def test_a_waiting_task_is_called_off_once(client: httpx.AsyncClient, services: Services, shop: Shop) -> None:
    manager = await shop.staff("manager")
    task_id = await asked(services)
    first = await client.put(f"{TASKS}/{task_id}/cancellation", headers=manager)
    again = await client.put(f"{TASKS}/{task_id}/cancellation", headers=manager)
    assert (first.status_code, first.json()["state"]) == (200, "cancelled")
    assert again.json() == first.json()


async def test_a_task_that_has_ended_cannot_be_called_off(
    client: httpx.AsyncClient, services: Services, shop: Shop
) -> None:
    manager = await shop.staff("manager")
    answer = await client.put(f"{TASKS}/{await done(services)}/cancellation", headers=manager)
    assert (answer.status_code, answer.json()["code"]) == (409, "task_ended")
