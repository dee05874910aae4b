"""Jobs from the first request to the last member: previewed, applied once, taken back as one."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from api.services import Services
from api.tasks.kinds import KINDS
from api.tasks.working import Tasks
from kernel.database import driver
from loyalty.jobs.applying import apply_page
from loyalty.jobs.items import replace_items
from loyalty.jobs.kinds import asked_of
from loyalty.jobs.making import end_step, lock_job, read_job
from loyalty.members.erasing import erase_member
from loyalty.members.ids import member_public_id
from loyalty.members.merging import merge_members
from loyalty.programme.decoding import encode_programme
from loyalty.tasks.leasing import Taken
from tests.clocks import MovableClock
from tests.journeys.tills import balances, done, fetch, refund, sale
from tests.programmes import fixed, programme, publish, rate
from tests.shop import Shop, Till
from tests.verified import assert_verified

JOBS = "/v1/admin/jobs"
DOUBLE = encode_programme(programme(rate(points=2)))
NOTHING = encode_programme(programme(fixed("other", 1, condition="purchase.total_minor > 100000000")))
BUDGETED = encode_programme(programme(rate(budget_points=9)))
BACKWARDS = {"from_day": "2026-03-02", "until_day": "2026-03-01"}
LISTS = {"segments": [{"code": "fans", "names": {"en": "Fans"}}]}


@pytest.fixture
async def manager(services: Services, shop: Shop) -> dict[str, str]:
    await publish(services, programme(rate(), **LISTS))
    return await shop.staff("manager")


@pytest.fixture
async def till(shop: Shop, manager: dict[str, str]) -> Till:
    return await shop.till()


async def work(services: Services) -> int:
    """Do every task that waits; how many."""
    tasks = Tasks(services.database, KINDS, clock=services.clock, stopping=asyncio.Event())
    total = 0
    while taken := await tasks.work_on_next():
        total += taken
    return total


async def bought(client: httpx.AsyncClient, till: Till, member_id: int, number: str) -> None:
    """A sale of 100."""
    await done(client, till, "purchases", sale(number, member={"id": member_public_id(member_id)}))


async def asked(client: httpx.AsyncClient, headers: dict[str, str], path: str, **body: Any) -> int:
    answer = await client.post(f"/v1/admin/{path}", headers=headers, json={"reason": "goodwill", **body})
    assert answer.status_code == 201, answer.text
    job_id: int = answer.json()["job_id"]
    return job_id


async def listed(client: httpx.AsyncClient, headers: dict[str, str], job_id: int, *lines: str) -> dict[str, Any]:
    csv = headers | {"Content-Type": "text/csv"}
    answer = await client.put(f"{JOBS}/{job_id}/members", headers=csv, content="\n".join(lines).encode())
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def applied(
    services: Services, client: httpx.AsyncClient, headers: dict[str, str], job_id: int
) -> dict[str, Any]:
    """The job after its preview has been applied."""
    await work(services)
    answer = await client.post(f"{JOBS}/{job_id}/application", headers=headers)
    assert answer.status_code == 201, answer.text
    await work(services)
    return await found(client, headers, job_id)


async def reversed_again(
    services: Services, client: httpx.AsyncClient, headers: dict[str, str], job_id: int
) -> dict[str, Any]:
    answer = await client.post(f"{JOBS}/{job_id}/reversal", headers=headers)
    assert answer.status_code == 201, answer.text
    await work(services)
    return await found(client, headers, job_id)


async def found(client: httpx.AsyncClient, headers: dict[str, str], job_id: int) -> dict[str, Any]:
    body: dict[str, Any] = (await client.get(f"{JOBS}/{job_id}", headers=headers)).json()
    return body


def ids(members: Sequence[int]) -> list[str]:
    return ["member_id", *map(member_public_id, members)]


async def test_the_past_is_paid_for_once_and_taken_back(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str], till: Till
) -> None:
    anna, boris = await shop.member(), await shop.member()
    await bought(client, till, anna, "1")
    await bought(client, till, anna, "2")
    await bought(client, till, boris, "3")
    job_id = await asked(client, manager, "retroactive-jobs", document=DOUBLE)
    await work(services)
    preview = await found(client, manager, job_id)
    assert (preview["state"], preview["members"], preview["points_given"]) == ("previewed", 2, 300)
    assert await balances(services) == [200, 100], "a preview moves nothing"
    done_ = await applied(services, client, manager, job_id)
    assert (done_["state"], done_["items"]) == ("applied", {"applied": 2})
    assert await balances(services) == [400, 200]
    again = await client.post(f"{JOBS}/{job_id}/application", headers=manager)
    assert (again.status_code, again.json()["code"]) == (409, "job_state")
    file = await client.get(f"{JOBS}/{job_id}/items/csv", headers=manager)
    assert file.text.splitlines()[1] == f"{member_public_id(anna)},points,applied,200,200,,"
    await assert_verified(services)
    back = await reversed_again(services, client, manager, job_id)
    assert (back["state"], back["items"]) == ("reversed", {"reversed": 2})
    assert await balances(services) == [200, 100]
    await assert_verified(services)


async def test_points_of_the_past_are_taken_and_given_back(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str], till: Till
) -> None:
    await bought(client, till, await shop.member(), "1")
    job_id = await asked(client, manager, "retroactive-jobs", document=NOTHING, direction="take_back")
    await applied(services, client, manager, job_id)
    assert await balances(services) == [0]
    await reversed_again(services, client, manager, job_id)
    assert await balances(services) == [100]
    await assert_verified(services)


async def test_whom_the_preview_would_give_another_amount_by_now_is_skipped_and_listed(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str], till: Till
) -> None:
    anna, boris = await shop.member(), await shop.member()
    await bought(client, till, anna, "1")
    await bought(client, till, boris, "2")
    job_id = await asked(client, manager, "retroactive-jobs", document=DOUBLE)
    await work(services)
    await done(client, till, "refunds", refund("1"))
    job = await applied(services, client, manager, job_id)
    assert job["items"] == {"applied": 1, "skipped": 1}
    items = (await client.get(f"{JOBS}/{job_id}/items", headers=manager)).json()["items"]
    assert [(item["state"], item["why"]) for item in items] == [("skipped", "facts_changed"), ("applied", None)]
    assert await balances(services) == [0, 200]


async def test_a_list_with_bad_lines_is_used_without_them(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    await shop.member(phone="+79990000001")
    await shop.member(phone="+79990000002")
    job_id = await asked(client, manager, "bulk-operations", grant={"points": 50})
    lines = ("phone", "+7 999 000-00-01", "nonsense", "+79990000099", "+79990000001", "89990000002")
    job = await listed(client, manager, job_id, *lines)
    assert (job["state"], job["members"], job["problems"]) == ("previewing", 2, 2)
    problems = await client.get(f"{JOBS}/{job_id}/problems/csv", headers=manager)
    assert problems.text.splitlines()[1:] == ["3,is not written as its column wants it", "4,is nobody's"]
    await applied(services, client, manager, job_id)
    assert await balances(services) == [50, 50]
    await assert_verified(services)


@pytest.mark.parametrize("content", ["", "name\nAnna", "member_id,phone\n", 'member_id\n"open'])
async def test_a_file_that_is_no_list_is_refused(
    client: httpx.AsyncClient, manager: dict[str, str], content: str
) -> None:
    job_id = await asked(client, manager, "bulk-operations", grant={"points": 50})
    csv = manager | {"Content-Type": "text/csv"}
    answer = await client.put(f"{JOBS}/{job_id}/members", headers=csv, content=content.encode())
    assert (answer.status_code, answer.json()["code"]) == (422, "job_list_invalid")
    assert (await found(client, manager, job_id))["state"] == "listing"


async def test_spent_points_of_a_grant_are_owed_when_it_is_taken_back(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    anna = await shop.member()
    job_id = await asked(client, manager, "bulk-operations", grant={"points": 50})
    await listed(client, manager, job_id, *ids([anna]))
    await applied(services, client, manager, job_id)
    body = {"points": -30, "reason": "slip"}
    path = f"/v1/admin/members/{member_public_id(anna)}/adjustments"
    assert (await client.post(path, headers=manager, json=body)).status_code == 201
    await reversed_again(services, client, manager, job_id)
    assert await balances(services) == [-30]
    await assert_verified(services)


async def test_expired_points_of_a_grant_are_not_asked_for_again(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str], clock: MovableClock
) -> None:
    anna = await shop.member()
    job_id = await asked(client, manager, "bulk-operations", grant={"points": 50, "expires_at": "2026-03-10T00:00:00Z"})
    await listed(client, manager, job_id, *ids([anna]))
    await applied(services, client, manager, job_id)
    clock.advance(days=30)
    manager = await shop.staff("manager")
    job = await reversed_again(services, client, manager, job_id)
    assert job["items"] == {"reversed": 1}
    assert await balances(services) == [0]
    await assert_verified(services)


async def test_a_grant_of_a_negative_number_takes_points_into_debt(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    job_id = await asked(client, manager, "bulk-operations", grant={"points": -20})
    await listed(client, manager, job_id, *ids([await shop.member()]))
    await applied(services, client, manager, job_id)
    assert await balances(services) == [-20]
    await reversed_again(services, client, manager, job_id)
    assert await balances(services) == [0]
    await assert_verified(services)


async def test_members_are_blocked_and_get_back_what_they_had(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    anna, boris, clara = await shop.member(), await shop.member(), await shop.member()
    await freeze(client, manager, boris, spending_frozen=True)
    blocked = {"earning_frozen": False, "spending_frozen": False, "blocked": True}
    job_id = await asked(client, manager, "bulk-operations", standing=blocked)
    await listed(client, manager, job_id, *ids([anna, boris, clara]))
    await applied(services, client, manager, job_id)
    assert await standings(services) == [("blocked", False), ("blocked", False), ("blocked", False)]
    await freeze(client, manager, clara)
    job = await reversed_again(services, client, manager, job_id)
    assert await standings(services) == [("active", False), ("active", True), ("active", False)]
    assert job["items"] == {"reversed": 2, "kept": 1}


async def freeze(client: httpx.AsyncClient, headers: dict[str, str], member_id: int, **more: bool) -> None:
    body = {"earning_frozen": False, "spending_frozen": False, "blocked": False, "reason": "seen", **more}
    path = f"/v1/admin/members/{member_public_id(member_id)}/standing"
    assert (await client.put(path, headers=headers, json=body)).status_code == 200


async def standings(services: Services) -> list[tuple[Any, ...]]:
    return await fetch(services, "SELECT status, spending_frozen FROM member ORDER BY member_id")


async def test_a_list_of_members_is_added_to_and_put_back(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    anna, boris = await shop.member(), await shop.member()
    first = await asked(client, manager, "bulk-operations", list={"segment": "fans", "change": "add"})
    await listed(client, manager, first, *ids([anna]))
    await applied(services, client, manager, first)
    second = await asked(client, manager, "bulk-operations", list={"segment": "fans", "change": "add"})
    await listed(client, manager, second, *ids([anna, boris]))
    await applied(services, client, manager, second)
    on_list = "SELECT member_id FROM segment_member ORDER BY 1"
    assert await fetch(services, on_list) == [(anna,), (boris,)]
    await reversed_again(services, client, manager, second)
    assert await fetch(services, on_list) == [(anna,)], "she had been on it before"
    by_segment = await asked(client, manager, "bulk-operations", grant={"points": 5}, segment="fans")
    job = await applied(services, client, manager, by_segment)
    assert job["items"] == {"applied": 1}
    assert await fetch(services, "SELECT member_id, remaining FROM balance") == [(anna, 5)]


async def test_who_was_merged_or_erased_since_the_preview_is_skipped(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    members = [await shop.member() for _ in range(3)]
    job_id = await asked(client, manager, "bulk-operations", grant={"points": 50})
    await listed(client, manager, job_id, *ids(members))
    await work(services)
    await merged(services, members[0], members[1])
    async with services.database.write() as session:
        await erase_member(session, members[2], actor="staff:test", reason="asked_for", now=services.clock())
        await session.commit()
    job = await applied(services, client, manager, job_id)
    assert job["items"] == {"applied": 1, "skipped": 2}
    await assert_verified(services)


async def merged(services: Services, source: int, target: int) -> None:
    async with services.database.write() as session:
        await merge_members(
            session, source_id=source, target_id=target, actor="staff:test", reason="same", now=services.clock()
        )
        await session.commit()


async def test_after_a_merge_the_survivor_gives_back_what_both_were_given(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    anna, boris = await shop.member(), await shop.member()
    job_id = await asked(client, manager, "bulk-operations", grant={"points": 50})
    await listed(client, manager, job_id, *ids([anna, boris]))
    await applied(services, client, manager, job_id)
    await merged(services, anna, boris)
    job = await reversed_again(services, client, manager, job_id)
    assert job["items"] == {"reversed": 2}
    assert await balances(services) == [0, 0]
    await assert_verified(services)


async def test_a_large_job_needs_a_second_person(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    job_id = await asked(client, manager, "bulk-operations", grant={"points": 100_001})
    await listed(client, manager, job_id, *ids([await shop.member()]))
    await work(services)
    waits = await client.post(f"{JOBS}/{job_id}/application", headers=manager)
    assert (waits.status_code, waits.json()["kind"]) == (202, "job.apply")
    assert await work(services) == 0
    decision = f"/v1/admin/approvals/{waits.json()['approval_id']}/decision"
    own = await client.post(decision, headers=manager, json={"approved": True})
    assert (own.status_code, own.json()["code"]) == (403, "second_person_needed")
    other = await client.post(decision, headers=await shop.staff("owner"), json={"approved": True})
    assert other.status_code == 201, other.text
    await work(services)
    assert await balances(services) == [100_001]


async def grant(client: httpx.AsyncClient, headers: dict[str, str], services: Services, points: int, *who: int) -> int:
    """A grant that has been previewed."""
    job_id = await asked(client, headers, "bulk-operations", grant={"points": points})
    await listed(client, headers, job_id, *ids(who))
    await work(services)
    return job_id


async def step(client: httpx.AsyncClient, headers: dict[str, str], job_id: int, what: str = "application") -> Any:
    return await client.post(f"{JOBS}/{job_id}/{what}", headers=headers)


async def test_a_large_job_that_was_split_needs_a_second_person_all_the_same(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str], clock: MovableClock
) -> None:
    anna = await shop.member()
    jobs = [await grant(client, manager, services, 40_000, anna) for _ in range(3)]
    answers = await asyncio.gather(*(step(client, manager, job_id) for job_id in jobs))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 202]
    await work(services)
    assert await balances(services) == [80_000]
    (waits,) = (job_id for job_id, answer in zip(jobs, answers, strict=True) if answer.status_code == 202)
    other = await step(client, await shop.staff("owner"), waits)
    assert other.status_code == 201, "what one person began says nothing of another"
    clock.advance(days=1)
    again = await grant(client, await shop.staff("manager"), services, 40_000, anna)
    assert (await step(client, await shop.staff("manager"), again)).status_code == 201
    await work(services)
    await assert_verified(services)


async def test_jobs_over_many_members_that_were_split_need_a_second_person(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    anna = await shop.member()
    jobs = [await grant(client, manager, services, 1, anna) for _ in range(2)]
    async with services.database.write() as session:
        await (await driver(session)).execute("UPDATE job SET members = 501")
        await session.commit()
    assert [(await step(client, manager, job_id)).status_code for job_id in jobs] == [201, 202]


async def test_what_a_job_grants_counts_as_goodwill_of_who_applies_it(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    goodwill = {"limits": {"manager": {"points_a_day": 100, "points_at_once": 90}}}
    await publish(services, programme(rate(), goodwill=goodwill))
    anna, boris = await shop.member(), await shop.member()
    jobs = [await grant(client, manager, services, points, anna, boris) for points in (46, 30, 30)]
    assert [(await step(client, manager, job_id)).status_code for job_id in jobs] == [202, 201, 202]
    path = f"/v1/admin/members/{member_public_id(anna)}/adjustments"
    statuses = [
        (await client.post(path, headers=manager, json={"points": points, "reason": "slip"})).status_code
        for points in (41, 40)
    ]
    assert statuses == [202, 201], "by hand and by job is one sum"
    await work(services)
    await assert_verified(services)


async def test_taking_a_large_job_back_needs_a_second_person(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    job_id = await grant(client, manager, services, 60_000, await shop.member())
    assert (await step(client, manager, job_id)).status_code == 201
    await work(services)
    waits = await step(client, manager, job_id, "reversal")
    assert (waits.status_code, waits.json()["kind"]) == (202, "job.reverse")
    assert await work(services) == 0
    decision = f"/v1/admin/approvals/{waits.json()['approval_id']}/decision"
    decided = await client.post(decision, headers=await shop.staff("owner"), json={"approved": True})
    assert decided.status_code == 201, decided.text
    await work(services)
    assert (await found(client, manager, job_id))["state"] == "reversed"
    assert await balances(services) == [0]
    await assert_verified(services)


async def test_a_large_job_that_was_called_off_goes_on_without_being_asked_about_again(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    job_id = await grant(client, manager, services, 100_001, await shop.member())
    waits = await step(client, manager, job_id)
    decision = f"/v1/admin/approvals/{waits.json()['approval_id']}/decision"
    decided = await client.post(decision, headers=await shop.staff("owner"), json={"approved": True})
    await client.put(f"/v1/admin/tasks/{decided.json()['outcome']['task_id']}/cancellation", headers=manager)
    resumed = await step(client, manager, job_id)
    assert (resumed.status_code, resumed.json()["state"]) == (201, "applying")
    await work(services)
    assert await balances(services) == [100_001]


async def test_another_list_takes_the_place_of_the_first_until_the_job_is_applied(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    anna, boris = await shop.member(), await shop.member()
    job_id = await asked(client, manager, "bulk-operations", grant={"points": 100_001})
    await listed(client, manager, job_id, *ids([anna, boris]))
    slow = (await found(client, manager, job_id))["task_id"]
    await listed(client, manager, job_id, *ids([anna]))
    task = {"task_id": slow, "kind": "job.preview", "parameters": {"job_id": job_id}, "requested_by": "x"}
    await _work_as_if_alone(services, task)
    assert (await found(client, manager, job_id))["state"] == "previewing", "nobody looks at the first list's preview"
    await work(services)
    assert (await found(client, manager, job_id))["items"] == {"previewed": 1}
    waits = await step(client, manager, job_id)
    await listed(client, manager, job_id, *ids([boris]))
    await work(services)
    decision = f"/v1/admin/approvals/{waits.json()['approval_id']}/decision"
    decided = await client.post(decision, headers=await shop.staff("owner"), json={"approved": True})
    assert (decided.status_code, decided.json()["code"]) == (409, "job_changed"), "it was asked about Anna"
    assert (await step(client, manager, job_id)).status_code == 202
    assert await balances(services) == []
    csv = manager | {"Content-Type": "text/csv"}
    for_all = await asked(client, manager, "retroactive-jobs", document=DOUBLE)
    answer = await client.put(f"{JOBS}/{for_all}/members", headers=csv, content="\n".join(ids([anna])).encode())
    assert (answer.status_code, answer.json()["code"]) == (409, "job_needs_no_list")


async def test_whoever_may_not_look_members_up_is_not_told_whose_phone_is_known(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    await shop.member(phone="+79990000001")
    marketer = await shop.staff("marketer")
    by_phone = await asked(client, marketer, "bulk-operations", grant={"points": 5})
    lines = b"phone\n+79990000001\n"
    refused = await client.put(
        f"{JOBS}/{by_phone}/members", headers={**marketer, "Content-Type": "text/csv"}, content=lines
    )
    assert (refused.status_code, refused.json().get("permission")) == (403, "members:read")
    await listed(client, manager, by_phone, "phone", "+79990000001", "+79990000002")
    await work(services)
    for what in ("items", "items/csv", "problems/csv"):
        answer = await client.get(f"{JOBS}/{by_phone}/{what}", headers=marketer)
        assert (answer.status_code, answer.json().get("permission")) == (403, "members:read"), what
        assert (await client.get(f"{JOBS}/{by_phone}/{what}", headers=manager)).status_code == 200
    by_id = await asked(client, marketer, "bulk-operations", grant={"points": 5})
    await listed(client, marketer, by_id, *ids([await shop.member()]))
    assert (await client.get(f"{JOBS}/{by_id}/items", headers=marketer)).status_code == 200


async def test_a_file_of_items_is_whole_however_many_pages_it_was_read_in(
    services: Services,
    client: httpx.AsyncClient,
    shop: Shop,
    manager: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.admin.jobs._ROWS_AT_ONCE", 2)
    members = [await shop.member() for _ in range(4)]
    job_id = await grant(client, manager, services, 5, *members)
    file = await client.get(f"{JOBS}/{job_id}/items/csv", headers=manager)
    assert file.text.splitlines()[1:] == [f"{member_public_id(each)},points,previewed,5,,," for each in members]
    assert file.headers["content-disposition"] == f'attachment; filename="job-{job_id}.csv"'


async def test_a_marketer_prepares_and_does_not_apply(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    marketer = await shop.staff("marketer")
    job_id = await asked(client, marketer, "bulk-operations", grant={"points": 5})
    await listed(client, marketer, job_id, *ids([await shop.member()]))
    answer = await client.post(f"{JOBS}/{job_id}/application", headers=marketer)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")


async def test_two_workers_at_once_apply_a_job_once(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    members = [await shop.member() for _ in range(12)]
    job_id = await asked(client, manager, "bulk-operations", grant={"points": 7})
    await listed(client, manager, job_id, *ids(members))
    await work(services)
    await client.post(f"{JOBS}/{job_id}/application", headers=manager)
    task = {"task_id": 0, "kind": "job.apply", "parameters": {"job_id": job_id}, "requested_by": "x", "attempts": 1}
    await asyncio.gather(*(_work_as_if_alone(services, task) for _ in range(4)))
    assert await balances(services) == [7] * 12
    assert (await found(client, manager, job_id))["items"] == {"applied": 12}
    await assert_verified(services)


async def test_a_job_that_was_called_off_halfway_is_taken_back_as_far_as_it_came(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    members = [await shop.member() for _ in range(3)]
    job_id = await asked(client, manager, "bulk-operations", grant={"points": 7})
    await listed(client, manager, job_id, *ids(members))
    await work(services)
    applying = (await client.post(f"{JOBS}/{job_id}/application", headers=manager)).json()
    async with services.database.write() as session:
        job = await read_job(session, job_id)
        await apply_page(session, job, asked_of(job.kind, job.parameters), recheck=None, limit=1, now=services.clock())
        await session.commit()
    at_it = await client.post(f"{JOBS}/{job_id}/reversal", headers=manager)
    assert (at_it.status_code, at_it.json()["code"]) == (409, "job_state")
    await client.put(f"/v1/admin/tasks/{applying['task_id']}/cancellation", headers=manager)
    begun = await client.post(f"{JOBS}/{job_id}/reversal", headers=manager)
    assert begun.status_code == 201, begun.text
    task = {"task_id": 0, "kind": "job.apply", "parameters": {"job_id": job_id}, "requested_by": "x", "attempts": 1}
    await _work_as_if_alone(services, task)
    assert await balances(services) == [7], "a worker that was thought dead applies nothing any more"
    await work(services)
    back = await found(client, manager, job_id)
    assert (back["state"], back["items"]) == ("reversed", {"reversed": 1, "skipped": 2})
    assert await balances(services) == [0]
    await assert_verified(services)


async def test_a_preview_that_ends_while_its_application_is_asked_for_does_not_spare_the_second_person(
    services: Services, client: httpx.AsyncClient, shop: Shop, manager: dict[str, str]
) -> None:
    anna = await shop.member()
    job_id = await asked(client, manager, "bulk-operations", grant={"points": 100_001})
    await listed(client, manager, job_id, *ids([anna]))
    async with services.database.write() as session:
        await replace_items(session, await lock_job(session, job_id), {anna: {"points": 100_001}})
        await end_step(session, job_id, "preview")
        asking = asyncio.create_task(client.post(f"{JOBS}/{job_id}/application", headers=manager))
        await asyncio.sleep(0.5)
        assert not asking.done(), "it waits for the job"
        await session.commit()
    assert (await asking).status_code == 202


async def _work_as_if_alone(services: Services, task: dict[str, Any]) -> None:
    """A worker that does not know that its lease was lost."""
    taken = Taken(**{"attempts": 1, **task})
    await KINDS[taken.kind](services.database, services.clock, taken, lambda *_: None)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("bulk-operations", {}, 422, "one_operation_needed"),
        ("bulk-operations", {"grant": {"points": 0}}, 422, "no_points"),
        ("bulk-operations", {"grant": {"points": 1, "wallet": "gold"}}, 422, "wallet_not_found"),
        ("bulk-operations", {"grant": {"points": 1, "expires_at": "2020-01-01T00:00:00Z"}}, 422, "expiry_impossible"),
        ("bulk-operations", {"grant": {"points": 10**12}}, 400, "malformed_request"),
        ("bulk-operations", {"grant": {"points": 1}, "segment": "nowhere"}, 404, "segment_not_found"),
        ("bulk-operations", {"list": {"segment": "nowhere", "change": "add"}}, 404, "segment_not_found"),
        ("retroactive-jobs", {}, 422, "one_programme_needed"),
        ("retroactive-jobs", {"document": DOUBLE, "rules": ["nothing"]}, 422, "rule_not_found"),
        ("retroactive-jobs", {"document": BUDGETED}, 422, "budget_in_retroactive_job"),
        ("retroactive-jobs", {"document": DOUBLE, "segment": "fans", "listed": True}, 422, "two_audiences"),
        ("retroactive-jobs", {"version": 1, **BACKWARDS}, 422, "period_backwards"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    client: httpx.AsyncClient, manager: dict[str, str], path: str, body: dict[str, Any], status: int, code: str
) -> None:
    answer = await client.post(f"/v1/admin/{path}", headers=manager, json={"reason": "goodwill", **body})
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_a_job_is_applied_only_after_its_preview_and_taken_back_only_after_that(
    client: httpx.AsyncClient, shop: Shop, services: Services, manager: dict[str, str]
) -> None:
    job_id = await asked(client, manager, "bulk-operations", grant={"points": 5})
    for what in ("application", "reversal"):
        answer = await client.post(f"{JOBS}/{job_id}/{what}", headers=manager)
        assert (answer.status_code, answer.json()["code"], answer.json()["state"]) == (409, "job_state", "listing")
    async with services.database.read() as session:
        assert await (await driver(session)).fetchval("SELECT count(*) FROM task") == 0
