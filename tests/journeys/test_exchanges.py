"""Goods come back and others are taken: both halves happen, once, or neither does."""

import asyncio
from typing import Any

import httpx
import pytest

from api.services import Services
from loyalty.members.ids import member_public_id
from tests.journeys.tills import balances, done, fetch, line, refund, sale, send
from tests.programmes import publish
from tests.shop import Shop, Till


async def sold(services: Services, client: httpx.AsyncClient, shop: Shop) -> tuple[Till, dict[str, str]]:
    """A till that has sold a shirt for 100.00 to a member."""
    await publish(services)
    till, member = await shop.till(), {"id": member_public_id(await shop.member())}
    await done(client, till, "purchases", sale("1", line("shirt", 10_000), member=member))
    return till, member


def exchange(member: dict[str, str] | None, price: int = 15_000, **changes: Any) -> dict[str, Any]:
    """The shirt for another."""
    bought = sale("2", line("other", price), **({"member": member} if member else {}))
    return {"refund": refund("1"), "purchase": bought, **changes}


async def test_both_halves_are_recorded_and_the_difference_is_told(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    till, member = await sold(services, client, shop)
    answer = await done(client, till, "exchanges", exchange(member))
    assert (answer["refund"]["cash_minor"], answer["purchase"]["to_pay_minor"]) == (10_000, 15_000)
    assert answer["to_pay_minor"] == 5_000
    assert answer["purchase"]["balances"] == [{"wallet": "points", "balance": 150}]
    assert await balances(services) == [150]


async def test_a_cheaper_one_gives_money_back_and_a_guest_may_take_it(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    till, _ = await sold(services, client, shop)
    answer = await done(client, till, "exchanges", exchange(None, 4_000))
    assert (answer["to_pay_minor"], answer["purchase"]["kind"]) == (-6_000, "guest")
    assert await balances(services) == [0]


async def test_a_repeat_under_any_key_gets_the_first_answer(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    till, member = await sold(services, client, shop)
    keys = ["k1", "k1", "k2", "k3"]
    answers = await asyncio.gather(*(send(client, till, "exchanges", exchange(member), key=key) for key in keys))
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.content for answer in answers}) == 1
    assert await balances(services) == [150]
    half = await send(client, till, "purchases", exchange(member)["purchase"])
    assert (half.status_code, half.json()["code"]) == (422, "receipt_differs")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"purchase": {**sale("2"), "total_minor": 1}}, 422, "sale_inconsistent"),
        ({"purchase": sale("2", member={"id": "mem_1-00"})}, 404, "member_not_found"),
        ({"purchase": sale("1", line("x", 5))}, 422, "receipt_differs"),
        ({"refund": refund("unknown")}, 404, "purchase_not_found"),
        ({"refund": refund("1", lines=[{"id": "shirt", "quantity": "2"}])}, 422, "refund_above_purchase"),
    ],
)
async def test_when_one_half_is_refused_neither_happens(
    services: Services, client: httpx.AsyncClient, shop: Shop, changes: dict[str, Any], status: int, code: str
) -> None:
    till, member = await sold(services, client, shop)
    answer = await send(client, till, "exchanges", exchange(member, **changes))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await balances(services) == [100]
    tables = ("purchase", "refund", "guest_receipt", "waiting_refund")
    counts = [(await fetch(services, f"SELECT count(*) FROM {table}"))[0][0] for table in tables]  # noqa: S608
    assert counts == [1, 0, 0, 0]


async def test_two_exchanges_between_the_same_two_members_do_not_wait_in_a_ring(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    till = await shop.till()
    members = [{"id": member_public_id(await shop.member())} for _ in range(2)]
    for number, member in enumerate(members):
        await done(client, till, "purchases", sale(f"s{number}", member=member))
    answers = await asyncio.gather(
        *(
            send(
                client,
                till,
                "exchanges",
                {"refund": refund(f"s{n}", f"r{n}"), "purchase": sale(f"n{n}", member=members[1 - n])},
            )
            for n in range(2)
        )
    )
    assert [answer.status_code for answer in answers] == [201, 201]
    assert await balances(services) == [100, 100]


async def test_a_training_till_exchanges_nothing(services: Services, client: httpx.AsyncClient, shop: Shop) -> None:
    till, member = await sold(services, client, shop)
    training = await shop.till(training=True)
    original = {"receipt": refund("1")["original"]["receipt"], "terminal": till.terminal_id, "store": "store-1"}
    answer = await done(client, training, "exchanges", exchange(member, refund=refund("1", original=original)))
    assert answer["to_pay_minor"] == 5_000
    assert await balances(services) == [100]
