"""What looks odd becomes a case, once, and a person decides."""

from typing import Any

import httpx
import pytest

from api.services import Services
from loyalty.members.ids import member_public_id
from tests.clocks import MovableClock
from tests.journeys.tills import done, fetch, line, refund, sale
from tests.programmes import programme, publish, rate
from tests.shop import Shop, Till
from tests.verified import assert_verified
from tests.worker.delivered import deliver_everything

PROGRAMME = programme(
    rate(points=1, per_minor=100),
    review={
        "purchases_a_day": 3,
        "points_a_day": 350,
        "cashier_purchases_a_month": 3,
        "cashier_share_percent": 75,
        "refunds_a_month": 2,
        "refund_share_percent": 50,
    },
)


async def buys(client: httpx.AsyncClient, till: Till, member_id: int, number: str, **more: Any) -> None:
    body = sale(number, line("x", 10_000), member={"id": member_public_id(member_id)}, **more)
    await done(client, till, "purchases", body)


async def cases(client: httpx.AsyncClient, headers: dict[str, str], **query: str) -> list[dict[str, Any]]:
    answer = await client.get("/v1/admin/cases", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["cases"]
    return found


async def test_more_purchases_and_points_than_usual_are_two_cases_of_the_day(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services, PROGRAMME)
    till, anna, boris = await shop.till(), await shop.member(), await shop.member()
    for number in range(3):
        await buys(client, till, anna, f"a{number}")
        await buys(client, till, boris, f"b{number}")
    await deliver_everything(services)
    support = await shop.staff("support")
    assert await cases(client, support) == []
    await buys(client, till, anna, "a3")
    await deliver_everything(services)
    await buys(client, till, anna, "a4")
    await deliver_everything(services)
    found = {case["kind"]: case for case in await cases(client, support)}
    assert found.keys() == {"many_purchases", "many_points"}
    case = found["many_purchases"]
    assert (case["subject"], case["period"], case["state"]) == (member_public_id(anna), "2026-03-02", "open")
    assert case["facts"] == {"purchases": 4, "points": 400}, "as it was when the case was opened"


async def test_one_cashier_who_rings_up_one_card_is_a_case(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services, PROGRAMME)
    till, anna, boris = await shop.till(), await shop.member(), await shop.member()
    await shop.cashier("vera")
    signed_in = await done(client, till, "cashier-sessions", {"cashier_id": "vera", "pin": "4815"})
    with_vera = Till(till.terminal_id, till.key_id, till.key, {"Authorization": f"Bearer {signed_in['access_token']}"})
    for number in range(3):
        await buys(client, with_vera, anna, f"a{number}")
        await buys(client, with_vera if number else till, boris, f"b{number}")
    await deliver_everything(services)
    (case,) = await cases(client, await shop.staff("manager"), kind="one_cashier")
    assert (case["subject"], case["period"]) == ("cashier:vera", "2026-03")
    assert case["facts"] == {"purchases": 3, "of": 3, "member_id": member_public_id(anna)}


async def test_many_refunds_are_a_case_and_freezing_is_the_same_act(
    services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    await publish(services, PROGRAMME)
    till, anna = await shop.till(), await shop.member()
    for number in range(3):
        await buys(client, till, anna, f"a{number}")
    for number in range(2):
        await done(client, till, "refunds", refund(f"a{number}", f"r{number}"))
    await deliver_everything(services)
    support = await shop.staff("support")
    (case,) = await cases(client, support, kind="many_refunds")
    path = f"/v1/admin/cases/{case['case_id']}"
    decision = {"freeze_earning": True, "reason": "refund_pattern"}
    decided = await client.post(f"{path}/decision", json=decision, headers=support)
    assert (decided.status_code, decided.json()["decision"]) == (201, "frozen"), decided.text
    assert await fetch(services, "SELECT earning_frozen, spending_frozen FROM member") == [(True, False)]
    again = await client.post(f"{path}/decision", json={"reason": "mistake"}, headers=support)
    assert (again.status_code, again.json()["code"]) == (409, "case_closed")
    assert await cases(client, support, kind="many_refunds", state="open") == []
    assert (await client.get(path, headers=support)).json() == decided.json()
    await done(client, till, "refunds", refund("a2", "r2"))
    await deliver_everything(services)
    assert len(await cases(client, support, kind="many_refunds")) == 1, "one case a month"
    await assert_verified(services)


@pytest.mark.parametrize("setting", ["cashier_share_percent", "refund_share_percent"])
async def test_a_share_above_everything_is_refused(setting: str) -> None:
    from loyalty.programme.validation import validate

    problems = validate(programme(review={setting: 101}))
    assert [problem.path for problem in problems] == [f"$.review.{setting}"]
