"""A month is closed while late receipts arrive, and never changes again."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.services import Services
from loyalty.accounting.closing import (
    AccountingZoneChangedError,
    begin_closing,
    have_ended,
    writers_until,
)
from loyalty.members.ids import member_public_id
from loyalty.verification.accounting import CLOSED
from loyalty.verification.invariant import Scope
from tests.clocks import MovableClock
from tests.journeys.tills import done, fetch, line, sale
from tests.programmes import programme, publish, rate
from tests.shop import Shop, Till
from tests.verified import assert_verified

PROGRAMME = programme(rate(points=1, per_minor=100), spending={"value": {"points": 1, "minor": 50}})
IN_FEBRUARY = datetime(2026, 2, 20, 9, 0, tzinfo=UTC)
IN_MARCH = datetime(2026, 3, 1, 0, 5, tzinfo=UTC)


async def buys(client: httpx.AsyncClient, till: Till, member_id: int, number: str, *, at: datetime) -> dict[str, Any]:
    body = sale(number, line("x", 10_000), member={"id": member_public_id(member_id)})
    return await done(client, till, "purchases", body | {"occurred_at": at.isoformat()})


async def closes(client: httpx.AsyncClient, shop: Shop, month: str = "2026-02") -> httpx.Response:
    headers = await shop.staff("owner")
    return await client.post("/v1/admin/accounting-periods", json={"month": month}, headers=headers)


async def test_the_next_month_is_closed_in_the_zone_of_the_one_before(
    services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    clock.set(IN_MARCH)
    await publish(services, PROGRAMME)
    assert (await closes(client, shop)).json()["zone"] == "UTC"
    now = clock.advance(days=32)
    async with services.database.write() as session:
        with pytest.raises(AccountingZoneChangedError) as refused:
            await begin_closing(session, "2026-03", zone="Asia/Tokyo", actor="staff:x", now=now)
        assert refused.value.facts == {"closed_zone": "UTC"}
        closed = await begin_closing(session, "2026-02", zone="Asia/Tokyo", actor="staff:x", now=now)
        assert closed.begun_by != "staff:x", "what is closed is answered as it is"
    assert (await closes(client, shop, "2026-03")).status_code == 201


async def test_closed_months_are_verified_as_each_was_read(
    services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    """All of them in one look at the ledger: with a month in which nothing happened, and one whose points are gone."""
    clock.set(IN_FEBRUARY)
    await publish(services, PROGRAMME)
    store = await shop.store()
    till, anna = await shop.till(store_id=store), await shop.member()
    await buys(client, till, anna, "f1", at=IN_FEBRUARY)
    for month, days in (("2026-02", 12), ("2026-03", 31), ("2026-04", 30)):
        clock.advance(days=days)
        assert (await closes(client, shop, month)).status_code == 201
    till = await shop.till(store_id=store)
    await buys(client, till, anna, "m1", at=clock())
    await done(client, till, "voids", {"receipt": {"number": "m1", "business_date": "2026-03-02"}})
    clock.advance(days=31)
    assert (await closes(client, shop, "2026-05")).status_code == 201
    kept = "SELECT month, opening, issued, clawed_back, closing FROM accounting_figure ORDER BY month"
    assert await fetch(services, kept) == [
        ("2026-02", 0, 100, 0, 100),
        ("2026-03", 100, 0, 0, 100),
        ("2026-04", 100, 0, 0, 100),
        ("2026-05", 100, 100, -100, 100),
    ]
    await assert_verified(services)


async def test_a_month_is_closed_once_in_order_and_after_its_end(
    services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    clock.set(IN_FEBRUARY)
    await publish(services, PROGRAMME)
    till, anna = await shop.till(), await shop.member()
    await buys(client, till, anna, "f1", at=IN_FEBRUARY)
    early = await closes(client, shop)
    assert (early.status_code, early.json()["code"]) == (409, "month_running")
    clock.set(IN_MARCH - timedelta(seconds=1))
    assert (await closes(client, shop)).json()["closable_at"] == "2026-03-01T00:05:00Z"
    clock.set(IN_MARCH)
    first = await closes(client, shop)
    assert first.status_code == 201, first.text
    (row,) = first.json()["rows"]
    assert (row["points"]["issued"], row["points"]["closing"], row["minor"]["closing"]) == (100, 100, 5_000)
    assert (first.json()["status"], first.json()["starts_at"]) == ("closed", None)
    again = await closes(client, shop)
    assert (again.status_code, again.json()) == (201, first.json())
    out_of_order = await closes(client, shop, "2026-01")
    assert (out_of_order.status_code, out_of_order.json()["next_month"]) == (409, "2026-03")
    headers = await shop.staff("analyst")
    assert (await client.get("/v1/admin/accounting-periods/2026-02", headers=headers)).json() == first.json()
    (month,) = (await client.get("/v1/admin/accounting-periods", headers=headers)).json()["months"]
    assert month["month"] == "2026-02"
    file = await client.get("/v1/admin/accounting-periods/2026-02/csv", headers=headers)
    assert file.content.decode("utf-8-sig").splitlines()[1].startswith("points,store-1,0,100,0,0,")


async def test_a_late_receipt_falls_into_the_open_month(
    services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    clock.set(IN_FEBRUARY)
    await publish(services, PROGRAMME)
    till, anna = await shop.till(), await shop.member()
    await buys(client, till, anna, "f1", at=IN_FEBRUARY)
    clock.set(IN_MARCH)
    february = (await closes(client, shop)).json()
    till = await shop.till()
    late = sale("late", line("x", 5_000), member={"id": member_public_id(anna)})
    sent = {"occurred_at": IN_FEBRUARY.isoformat(), "sent_at": IN_MARCH.isoformat()}
    await done(client, till, "purchases", late | sent)
    clock.set(datetime(2026, 4, 2, tzinfo=UTC))
    march = (await closes(client, shop, "2026-03")).json()
    headers = await shop.staff("analyst")
    assert (await client.get("/v1/admin/accounting-periods/2026-02", headers=headers)).json() == february
    assert sum(row["points"]["issued"] for row in march["rows"]) == 50
    assert sum(row["points"]["opening"] for row in march["rows"]) == 100
    until = {"until": "2026-03-01T00:00:00Z"}
    by_business = (await client.get("/v1/admin/reports/liability", params=until, headers=headers)).json()
    assert by_business["totals"][0]["points"]["closing"] == 150, "the sale was February's"
    await assert_verified(services)


async def test_whoever_read_the_clock_before_the_end_and_locks_after_it_is_recorded_in_the_open_month(
    services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    clock.set(IN_FEBRUARY)
    await publish(services, PROGRAMME)
    clock.set(IN_MARCH)
    await closes(client, shop)
    clock.set(IN_MARCH - timedelta(minutes=6))  # a server whose clock is late
    await buys(client, await shop.till(), await shop.member(), "f1", at=clock.now)
    assert await fetch(services, "SELECT recorded_at FROM journal") == [(datetime(2026, 3, 1, tzinfo=UTC),)]
    clock.set(IN_MARCH + timedelta(minutes=1))
    await assert_verified(services)


async def test_closing_waits_for_those_who_locked_before(services: Services, shop: Shop) -> None:
    anna = await shop.member()
    async with services.database.transaction(lock_timeout_ms=1_000) as writer:
        await writer.execute("SELECT FROM member WHERE member_id = $1 FOR NO KEY UPDATE", anna)
        async with services.database.write() as session:
            mark = await writers_until(session)
        async with services.database.read() as session:
            assert not await have_ended(session, mark)
    async with services.database.read() as session:
        assert await have_ended(session, mark)


async def test_a_closing_that_died_after_fixing_the_end_goes_on(
    services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    clock.set(IN_FEBRUARY)
    await publish(services, PROGRAMME)
    await buys(client, await shop.till(), await shop.member(), "f1", at=IN_FEBRUARY)
    clock.set(IN_MARCH)
    owner = await shop.staff("owner")
    async with services.database.transaction(lock_timeout_ms=1_000) as writer:
        await writer.execute("SELECT pg_advisory_xact_lock(hashtextextended('comeback.accounting', 0))")
        busy = await client.post("/v1/admin/accounting-periods", json={"month": "2026-02"}, headers=owner)
        assert (busy.status_code, busy.json()["code"]) == (409, "busy")
    closed = (await closes(client, shop)).json()
    assert closed["rows"][0]["points"]["issued"] == 100


@pytest.mark.parametrize("month", ["2026-13", "26-02", "2026-2", "soon", "2026-02\n"])
async def test_what_is_no_month_is_refused(client: httpx.AsyncClient, shop: Shop, month: str) -> None:
    assert (await closes(client, shop, month)).status_code == 400


async def test_late_receipts_arrive_while_a_month_is_closed_under_load(
    services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    """Some servers' clocks are before the month's end: each receipt is in the closed month's figures or after it."""
    clock.set(IN_FEBRUARY)
    await publish(services, PROGRAMME)
    clock.set(IN_MARCH)
    till, members = await shop.till(), [await shop.member() for _ in range(8)]
    owner = await shop.staff("owner")

    async def sells(place: int, member_id: int) -> None:
        for number in range(12):
            clock.set(IN_MARCH - timedelta(minutes=10) if number % 2 else IN_MARCH)
            await buys(client, till, member_id, f"{place}-{number}", at=IN_FEBRUARY)
            await asyncio.sleep(0)

    async def ends() -> httpx.Response:
        await asyncio.sleep(0.1)
        while True:
            clock.set(IN_MARCH)
            answer = await client.post("/v1/admin/accounting-periods", json={"month": "2026-02"}, headers=owner)
            if answer.status_code == 201:
                return answer

    closing = asyncio.create_task(ends())
    await asyncio.gather(*(sells(*each) for each in enumerate(members)))
    closed = await closing
    clock.set(IN_MARCH + timedelta(hours=1))
    issued = sum(row["points"]["issued"] for row in closed.json()["rows"])
    assert await fetch(services, "SELECT sum(amount) FROM journal") == [(8 * 12 * 100,)]
    before_the_end = "SELECT coalesce(sum(amount), 0) FROM journal WHERE recorded_at < '2026-03-01Z'"
    assert await fetch(services, before_the_end) == [(issued,)]
    async with services.database.read() as session:
        assert (await CLOSED.find(session, Scope(now=clock()), examples=1)).total == 0
    await assert_verified(services)
