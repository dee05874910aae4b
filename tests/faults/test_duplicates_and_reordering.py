"""A queue of sales and returns that arrives shuffled and three times leaves what it leaves in order and once."""

import random
from typing import Any

import httpx
import pytest

from api.services import Services
from kernel.database import driver
from loyalty.members.ids import member_id_of, member_public_id
from tests.journeys.tills import line, refund, sale
from tests.programmes import programme, publish, rate
from tests.shop import Shop, Till
from tests.verified import assert_verified

pytestmark = pytest.mark.anyio

MEMBERS = 3
SALES = 24
_BOOKS = """
SELECT p.receipt_key, p.earned, p.total_minor,
    (SELECT jsonb_object_agg(l.line_id, l.refunded_quantity) FROM purchase_line AS l
     WHERE (l.member_id, l.purchase_no) = (p.member_id, p.purchase_no)) AS refunded,
    (SELECT sum(r.amount_minor) FROM refund AS r
     WHERE (r.member_id, r.purchase_no) = (p.member_id, p.purchase_no)) AS refunded_minor,
    (SELECT sum(l.remaining) FROM lot AS l
     WHERE (l.member_id, l.cause_kind, l.cause_no) = (p.member_id, 'purchase', p.purchase_no)) AS points_left
FROM purchase AS p WHERE p.member_id = ANY($1)
"""
_BALANCES = "SELECT remaining, held, debt FROM balance WHERE member_id = ANY($1) ORDER BY member_id"
_ENTRIES = "SELECT count(*) FROM journal WHERE member_id = ANY($1)"


def queue(chance: random.Random, members: list[str]) -> list[dict[str, Any]]:
    """Sales of two lines, and returns of a line or of both, piece by piece, in the order in which they happened."""
    items = []
    for number in range(SALES):
        lines = [line("1", chance.randint(1, 9_999)), line("2", chance.randint(1, 9_999), quantity="3")]
        body = sale(f"{number}", *lines, member={"id": chance.choice(members)})
        items.append({"key": f"sale-{number}", "kind": "purchase", "purchase": body})
        back = [{"id": "2", "quantity": str(count)} for count in chance.choice(([], [1], [1, 2], [3]))]
        back += chance.choice(([], [{"id": "1", "quantity": "1"}]))
        for place, returned in enumerate(back):
            key = f"back-{number}-{place}"
            items.append({"key": key, "kind": "refund", "refund": refund(f"{number}", key, lines=[returned])})
    return items


@pytest.mark.parametrize("seed", [1, 2, *(pytest.param(seed, marks=pytest.mark.nightly) for seed in range(3, 40))])
async def test_a_queue_shuffled_and_sent_three_times_leaves_the_books_of_one_in_order(
    services: Services, client: httpx.AsyncClient, shop: Shop, seed: int
) -> None:
    await publish(services, programme(rate(points=7, per_minor=100)))
    in_order, shuffled = await shop.till(), await shop.till()
    first, second = await members(shop), await members(shop)
    sent = queue(random.Random(seed), first)
    await deliver(client, in_order, sent)

    chance = random.Random(seed)
    copies = queue(random.Random(seed), second) * 3
    chance.shuffle(copies)
    answers: dict[str, Any] = {}
    for start in range(0, len(copies), 50):
        part = copies[start : start + 50]
        for item, answer in zip(part, await deliver(client, shuffled, part), strict=True):
            assert answers.setdefault(item["key"], answer) == answer, "a repeat is answered as the first was"

    assert await books(services, second) == await books(services, first)
    await assert_verified(services)


async def members(shop: Shop) -> list[str]:
    return [member_public_id(await shop.member()) for _ in range(MEMBERS)]


async def deliver(client: httpx.AsyncClient, till: Till, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    answer = await client.post("/v1/pos/batches", json={"items": items}, headers=till.headers)
    assert answer.status_code == 200, answer.text
    answers: list[dict[str, Any]] = answer.json()["items"]
    assert {each["status"] for each in answers} == {201}, answers
    return answers


async def books(services: Services, owners: list[str]) -> dict[str, Any]:
    """What is known of each receipt, each balance, and how many entries there are."""
    numbers = [member_id_of(owner) for owner in owners]
    async with services.database.read() as session:
        connection = await driver(session)
        receipts = [dict(row) for row in await connection.fetch(_BOOKS, numbers)]
        return {
            "receipts": {row.pop("receipt_key").rpartition("/")[2]: row for row in receipts},
            "balances": [tuple(row) for row in await connection.fetch(_BALANCES, numbers)],
            "entries": await connection.fetchval(_ENTRIES, numbers),
        }
