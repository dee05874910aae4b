"""At the end of a shift the till is told what is missing, extra or different."""

from typing import Any

import httpx
import pytest

from api.services import Services
from loyalty.members.ids import member_public_id
from tests.journeys.tills import done, fetch, line, receipt, refund, sale, send
from tests.programmes import publish
from tests.shop import Shop, Till


async def day_at_a_till(services: Services, client: httpx.AsyncClient, shop: Shop) -> Till:
    """Two members' sales, a guest's, one that was voided, and a refund of 30.00."""
    await publish(services)
    till, member = await shop.till(), {"id": member_public_id(await shop.member())}
    await done(client, till, "purchases", sale("1", line("a", 9_000, quantity="3"), member=member))
    await done(client, till, "purchases", sale("2", line("a", 5_000), member=member))
    await done(client, till, "purchases", sale("3", line("a", 1_000)))
    await done(client, till, "purchases", sale("4", line("a", 7_777), member=member))
    await done(client, till, "voids", {"receipt": receipt("4")})
    await done(client, till, "refunds", refund("1", lines=[{"id": "a", "quantity": "1"}]))
    return till


def count(receipts: int, total_minor: int) -> dict[str, int]:
    return {"count": receipts, "total_minor": total_minor}


RIGHT: dict[str, Any] = {"business_date": "2026-03-02", "sales": count(3, 15_000), "refunds": count(1, 3_000)}


def listed(number: str, total_minor: int, kind: str = "sale") -> dict[str, Any]:
    return {"receipt": {"number": number}, "total_minor": total_minor, "kind": kind}


async def test_right_counts_agree_and_another_till_is_another_count(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    till = await day_at_a_till(services, client, shop)
    everything = [listed("1", 9_000), listed("2", 5_000), listed("3", 1_000), listed("r1", 3_000, "refund")]
    for body in (RIGHT, {**RIGHT, "receipts": everything}):
        answer = await done(client, till, "shift-reports", body)
        assert (answer["agrees"], answer["missing"], answer["extra"], answer["different"]) == (True, [], [], [])
    elsewhere = await done(client, await shop.till(), "shift-reports", RIGHT)
    assert (elsewhere["agrees"], elsewhere["recorded"]["sales"]) == (False, count(0, 0))


async def test_differences_are_told_by_receipt_and_kept_for_staff(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    till = await day_at_a_till(services, client, shop)
    receipts = [listed("1", 9_000), listed("2", 5_555), listed("5", 800), listed("r1", 3_000, "refund")]
    body = {**RIGHT, "sales": count(3, 15_355), "receipts": receipts}
    answer = await done(client, till, "shift-reports", body, key="k1")
    assert await done(client, till, "shift-reports", body, key="k1") == answer
    key = f"store-1/{till.terminal_id}/2026-03-02/"
    assert answer["recorded"] == {"sales": count(3, 15_000), "refunds": count(1, 3_000)}
    assert answer["missing"] == [{"receipt_key": key + "5", "reported_minor": 800, "recorded_minor": None}]
    assert answer["extra"] == [{"receipt_key": key + "3", "reported_minor": None, "recorded_minor": 1_000}]
    assert answer["different"] == [{"receipt_key": key + "2", "reported_minor": 5_555, "recorded_minor": 5_000}]
    kept = await fetch(services, "SELECT actor, agrees, differences -> 'missing' FROM shift_report")
    assert kept == [(f"terminal:{till.terminal_id}", False, answer["missing"])]


async def test_a_shift_that_lasts_beyond_midnight_is_counted_by_its_name(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    till = await shop.till()
    for number, at in (("1", "2026-03-01T20:00:00Z"), ("2", "2026-03-01T22:00:00Z")):
        body = {**sale(number), "receipt": {"number": number, "shift": "night"}, "occurred_at": at}
        await done(client, till, "purchases", body)
    report = {"shift": "night", "sales": count(2, 20_000), "refunds": count(0, 0)}
    assert (await done(client, till, "shift-reports", report))["agrees"]
    one_day = {**report, "business_date": "2026-03-02", "sales": count(1, 10_000)}
    assert (await done(client, till, "shift-reports", one_day))["agrees"]


async def test_a_refund_that_waits_is_counted_without_a_price(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    till = await shop.till()
    await done(client, till, "refunds", refund("unknown"))
    answer = await done(client, till, "shift-reports", {**RIGHT, "sales": count(0, 0)})
    assert (answer["agrees"], answer["waiting_refunds"]) == (True, 1)


async def test_a_training_till_leaves_no_report(services: Services, client: httpx.AsyncClient, shop: Shop) -> None:
    assert not (await done(client, await shop.till(training=True), "shift-reports", RIGHT))["agrees"]
    assert await fetch(services, "SELECT count(*) FROM shift_report") == [(0,)]


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"business_date": None}, "shift_unclear"), ({"receipts": [listed("1", 1)] * 2}, "receipt_listed_twice")],
)
async def test_an_unclear_report_is_refused(
    client: httpx.AsyncClient, shop: Shop, changes: dict[str, Any], code: str
) -> None:
    answer = await send(client, await shop.till(), "shift-reports", {**RIGHT, **changes})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
