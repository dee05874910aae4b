"""Billing registers invoices, members pay them in time or late, and punctuality earns."""

import asyncio
from typing import Any

import pytest

from api.services import Services
from loyalty.members.erasing import erase_member
from loyalty.members.ids import member_public_id
from loyalty.members.merging import merge_members
from tests.api.callers import member_headers
from tests.clocks import MovableClock
from tests.journeys.billing import Billing, invoice, payment
from tests.journeys.tills import balances, fetch
from tests.loyalty.actions.making import action, pays, with_actions
from tests.programmes import publish
from tests.shop import Shop

PROGRAMME = with_actions(
    [action("punctual", "on_time_payment")],
    [
        pays("in-time", "punctual", 10),
        pays("early-bird", "punctual", 5, condition='action.timeliness == "early" && action.days_early >= 7'),
        pays("three-in-a-row", "punctual", 100, condition="action.punctual_run >= 3"),
        pays("large", "punctual", formula={"kind": "per_unit", "points": 1, "field": "amount_minor", "per": 50_000}),
    ],
)
IN_TIME = "2026-02-28T20:59:59Z"
"""The last second of the due date in Moscow."""
LATE = "2026-02-28T21:00:00Z"


@pytest.fixture
async def billing(services: Services, shop: Shop) -> Billing:
    await publish(services, PROGRAMME)
    return await Billing.of(shop)


PAID: list[tuple[str, str, int | None, int, list[int]]] = [
    ("2026-02-20T09:00:00Z", "early", 8, 1, [17]),
    ("2026-02-27T20:59:59Z", "early", 1, 1, [12]),
    ("2026-02-27T21:00:00Z", "on_time", 0, 1, [12]),
    (IN_TIME, "on_time", 0, 1, [12]),
    (LATE, "late", -1, 0, []),
]


@pytest.mark.parametrize(("paid_at", "timeliness", "days_early", "run", "points"), PAID)
async def test_the_due_date_ends_at_midnight_of_the_members_zone(
    services: Services,
    shop: Shop,
    billing: Billing,
    paid_at: str,
    timeliness: str,
    days_early: int,
    run: int,
    points: list[int],
) -> None:
    member = await shop.member()
    registered = await billing.registers(member, "1")
    assert (registered["state"], registered["timeliness"], registered["open_minor"]) == ("late", None, 100_000)
    paid = await billing.is_paid(registered["id"], 100_000, paid_at)
    seen = {name: paid[name] for name in ("state", "timeliness", "days_early", "punctual_run", "refusal")}
    assert seen == {
        "state": "paid",
        "timeliness": timeliness,
        "days_early": days_early,
        "punctual_run": run,
        "refusal": None,
    }
    assert await balances(services) == points
    answer = await shop.client.get("/v1/me/invoices", headers=await member_headers(shop, member))
    assert [(each["number"], each["timeliness"]) for each in answer.json()["invoices"]] == [("1", timeliness)]


async def test_parts_add_up_and_the_last_of_them_by_its_own_instant_decides(
    services: Services, shop: Shop, billing: Billing
) -> None:
    in_time, late = await shop.member(), await shop.member()
    for member, second in ((in_time, "2026-02-10T09:00:00Z"), (late, LATE)):
        registered = await billing.registers(member, f"of-{member}")
        await billing.is_paid(registered["id"], 60_000, second, "second")
        whole = await billing.is_paid(registered["id"], 40_000, "2026-02-09T09:00:00Z", "first")
        assert (whole["paid_minor"], whole["paid_at"]) == (100_000, second)
    assert await balances(services) == [17]


async def test_a_payment_told_again_is_the_same_or_refused(services: Services, shop: Shop, billing: Billing) -> None:
    registered = await billing.registers(await shop.member(), "1")
    path = f"/{registered['id']}/payments"
    first = await billing.posts(path, payment(40_000, IN_TIME), key="k")
    assert (await billing.posts(path, payment(40_000, IN_TIME), key="k")).content == first.content
    assert (await billing.posts(path, payment(40_000, IN_TIME), key="other")).json()["paid_minor"] == 40_000
    refused: list[tuple[dict[str, Any], int, str]] = [
        (payment(40_001, IN_TIME), 422, "invoice_payment_differs"),
        (payment(40_000, LATE), 422, "invoice_payment_differs"),
        (payment(60_001, IN_TIME, "p2"), 409, "invoice_overpaid"),
        (payment(1, "2026-04-01T00:00:00Z", "p2"), 422, "invoice_payment_from_the_future"),
        (payment(0, IN_TIME, "p2"), 400, "malformed_request"),
        (payment(2**53, IN_TIME, "p2"), 400, "malformed_request"),
        (payment(1, "2026-02-28T20:59:59", "p2"), 400, "malformed_request"),
    ]
    for body, status, code in refused:
        answer = await billing.posts(path, body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), body
    assert (await billing.is_paid(registered["id"], 60_000, IN_TIME, "p2"))["state"] == "paid"
    assert (await billing.posts(path, payment(1, IN_TIME, "p3"))).json()["code"] == "invoice_overpaid"
    assert await balances(services) == [12]


async def test_a_number_registered_again_is_the_same_invoice_or_refused(shop: Shop, billing: Billing) -> None:
    member, other = await shop.member(), await shop.member()
    first = await billing.registers(member, "1")
    assert (await billing.registers(member, "1"))["id"] == first["id"]
    assert (await billing.registers(member, "1", source="shop"))["id"] != first["id"]
    refused: list[tuple[dict[str, Any], str, list[str] | None]] = [
        (invoice(member, "1", amount_minor=1), "invoice_differs", ["/amount_minor"]),
        (invoice(other, "1"), "invoice_differs", ["/member"]),
        (invoice(member, "2", due_on="2026-01-31"), "invoice_days", None),
        (invoice(member, "2", currency="EUR"), "invoice_currency", None),
        (invoice(999_999, "2"), "member_not_found", None),
        (invoice(member, "2", member={}), "identity_missing", None),
    ]
    for body, code, differences in refused:
        answer = await billing.posts("", body)
        assert (answer.json()["code"], answer.json().get("differences")) == (code, differences), body


async def test_sixteen_at_once_register_one_invoice_and_pay_it_once(
    services: Services, shop: Shop, billing: Billing
) -> None:
    member = await shop.member()
    answers = await asyncio.gather(*(billing.posts("", invoice(member)) for _ in range(16)))
    (invoice_id,) = {answer.json()["id"] for answer in answers}
    path = f"/{invoice_id}/payments"
    await asyncio.gather(*(billing.posts(path, payment(100_000, IN_TIME)) for _ in range(16)))
    assert await fetch(services, "SELECT payment_no FROM invoice_payment") == [(1,)]
    assert await fetch(services, "SELECT action_no FROM action") == [(1,)]
    assert await balances(services) == [12]


async def test_three_in_a_row_pay_extra_and_a_late_one_ends_the_run(
    services: Services, shop: Shop, billing: Billing
) -> None:
    member = await shop.member()
    runs = []
    for number, (due_on, paid_at) in enumerate(
        [
            ("2026-02-05", "2026-02-05T09:00:00Z"),
            ("2026-02-06", "2026-02-06T09:00:00Z"),
            ("2026-02-07", "2026-02-07T09:00:00Z"),
            ("2026-02-08", "2026-02-09T09:00:00Z"),
            ("2026-02-09", "2026-02-09T09:00:00Z"),
        ]
    ):
        registered = await billing.registers(member, str(number), due_on=due_on)
        runs.append((await billing.is_paid(registered["id"], 100_000, paid_at))["punctual_run"])
    assert runs == [1, 2, 3, 0, 1]
    assert await balances(services) == [4 * 12 + 100]


async def test_who_was_merged_goes_on_with_both_runs_and_an_old_invoice_is_still_found(
    services: Services, shop: Shop, billing: Billing
) -> None:
    source, target = await shop.member(), await shop.member()
    for member, day in ((source, "2026-02-05"), (target, "2026-02-06")):
        registered = await billing.registers(member, day, due_on=day)
        await billing.is_paid(registered["id"], 100_000, f"{day}T09:00:00Z")
    waiting = await billing.registers(source, "last", due_on="2026-02-07")
    async with services.database.write() as session:
        await merge_members(
            session, source_id=source, target_id=target, actor="staff:x", reason="same", now=services.clock()
        )
        await session.commit()
    assert (await billing.registers(target, "last", due_on="2026-02-07"))["id"] == waiting["id"]
    assert (await billing.is_paid(waiting["id"], 100_000, "2026-02-07T09:00:00Z"))["punctual_run"] == 3
    assert await balances(services) == [0, 3 * 12 + 100]


async def test_what_cannot_be_an_action_any_more_is_paid_all_the_same(
    services: Services, shop: Shop, billing: Billing, clock: MovableClock
) -> None:
    erased, slow = await shop.member(), await shop.member()
    invoices = {member: await billing.registers(member, str(member), due_on="2026-03-30") for member in (erased, slow)}
    paid_at = clock().isoformat()
    async with services.database.write() as session:
        await erase_member(session, erased, actor="member", reason="asked", now=clock())
        await session.commit()
    assert (await billing.is_paid(invoices[erased]["id"], 100_000, paid_at))["refusal"] == "member_not_found"
    clock.advance(days=31)
    assert (await billing.is_paid(invoices[slow]["id"], 100_000, paid_at))["refusal"] == "action_too_late"
    assert (await billing.posts("", invoice(erased, "new"))).json()["code"] == "member_not_found"
    assert (await billing.reads(invoices[slow]["id"]))["state"] == "paid"
    assert await fetch(services, "SELECT 1 FROM action") == []


async def test_a_payment_that_bounced_takes_back_what_it_earned_and_the_invoice_may_be_paid_anew(
    services: Services, shop: Shop, billing: Billing
) -> None:
    registered = await billing.registers(await shop.member(), "1")
    path = f"/{registered['id']}"
    await billing.is_paid(registered["id"], 40_000, "2026-02-20T09:00:00Z", "p1")
    await billing.is_paid(registered["id"], 60_000, IN_TIME, "p2")
    assert await balances(services) == [12]
    answers = await asyncio.gather(
        *(billing.posts(f"{path}/payments/2/reversal", {"reason": "bounced"}) for _ in range(8))
    )
    assert {(answer.status_code, answer.json()["state"], answer.json()["paid_minor"]) for answer in answers} == {
        (201, "late", 40_000)
    }
    assert await balances(services) == [0]
    assert (await billing.is_paid(registered["id"], 60_000, IN_TIME, "p2"))["paid_minor"] == 40_000
    assert (await billing.is_paid(registered["id"], 60_000, "2026-02-20T10:00:00Z", "p3"))["punctual_run"] == 1
    assert await balances(services) == [17]
    absent = await billing.posts(f"{path}/payments/4/reversal", {"reason": "bounced"})
    assert (absent.status_code, absent.json()["code"]) == (404, "invoice_payment_not_found")


async def test_a_cancelled_invoice_has_earned_nothing_and_counts_in_no_later_run(
    services: Services, shop: Shop, billing: Billing
) -> None:
    member = await shop.member()

    async def run_after(day: str) -> tuple[str, int]:
        registered = await billing.registers(member, day, due_on=day)
        paid = await billing.is_paid(registered["id"], 100_000, f"{day}T09:00:00Z")
        return paid["id"], paid["punctual_run"]

    first, run = await run_after("2026-02-05")
    _, longer = await run_after("2026-02-06")
    assert (await billing.takes_back(f"/{first}/cancellation", "wrong"))["state"] == "cancelled"
    _, without_it = await run_after("2026-02-07")
    assert (run, longer, without_it) == (1, 2, 2)
    assert await balances(services) == [2 * 12]
    assert (await billing.takes_back(f"/{first}/cancellation", "wrong"))["open_minor"] == 0
    refused = await billing.posts(f"/{first}/payments", payment(1, IN_TIME, "p9"))
    assert (refused.status_code, refused.json()["code"]) == (409, "invoice_cancelled")
    assert (await billing.takes_back(f"/{first}/payments/1/reversal"))["paid_minor"] == 0


async def test_staff_see_a_members_invoices_by_state_with_what_came_for_them(
    services: Services, shop: Shop, billing: Billing
) -> None:
    old, member, stranger = [await shop.member() for _ in range(3)]
    await billing.registers(member, "late")
    await billing.registers(member, "open", due_on="2026-12-31")
    paid = await billing.registers(old, "paid")
    await billing.is_paid(paid["id"], 100_000, IN_TIME)
    gone = await billing.registers(member, "gone")
    await billing.takes_back(f"/{gone['id']}/cancellation", reason="wrong")
    await billing.registers(stranger, "other")
    async with services.database.write() as session:
        now = services.clock()
        await merge_members(session, source_id=old, target_id=member, actor="staff:test", reason="same", now=now)
        await session.commit()
    path, support = f"/v1/admin/members/{member_public_id(old)}/invoices", await shop.staff("support")
    for state, numbers in (
        ("open", ["open"]),
        ("late", ["late"]),
        ("paid", ["paid"]),
        ("cancelled", ["gone"]),
        (None, ["gone", "late", "open", "paid"]),
    ):
        answer = await shop.client.get(path, headers=support, params={"state": state} if state else {})
        found = answer.json()["invoices"]
        assert sorted(each["number"] for each in found) == numbers, answer.text
        assert state is None or {each["state"] for each in found} == {state}
    first = (await shop.client.get(path, headers=support, params={"limit": 3})).json()
    rest = (await shop.client.get(path, headers=support, params={"limit": 3, "cursor": first["next"]})).json()
    every = [each for page in (first, rest) for each in page["invoices"]]
    assert (len(every), rest["next"]) == (4, None)
    assert [p["amount_minor"] for each in every for p in each["payments"]] == [100_000]
    assert (await shop.client.get(path, headers=support, params={"state": "lost"})).status_code == 400
