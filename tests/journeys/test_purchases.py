"""A till sells: points are paid once, whatever is sent twice, at once, or in another order."""

import asyncio
from typing import Any

import httpx

from api.services import Services
from kernel.database import driver
from loyalty.members.ids import member_public_id
from tests.programmes import programme, publish, rate
from tests.shop import Shop, Till


def sale(number: str = "0001", *, total: int = 10_000, **more: Any) -> dict[str, Any]:
    """A sale of one line at the tests' first hour."""
    return {
        "receipt": {"number": number, "business_date": "2026-03-02"},
        "occurred_at": "2026-03-02T09:00:00Z",
        "currency": "RUB",
        "lines": [{"id": "1", "sku": "espresso", "amount_minor": total}],
        "total_minor": total,
        **more,
    }


async def sell(client: httpx.AsyncClient, till: Till, body: dict[str, Any], key: str = "key-1") -> httpx.Response:
    headers = {**till.headers, "Idempotency-Key": key}
    return await client.post("/v1/pos/purchases", json=body, headers=headers)


async def rows(services: Services, sql: str) -> list[tuple[Any, ...]]:
    async with services.database.read() as session:
        return [tuple(row) for row in await (await driver(session)).fetch(sql)]


async def test_a_purchase_earns_points(services: Services, client: httpx.AsyncClient, shop: Shop) -> None:
    await publish(services)
    till = await shop.till()
    member = member_public_id(await shop.member())
    answer = await sell(client, till, sale(member={"id": member}))
    assert answer.status_code == 201, answer.text
    receipt = answer.json()
    assert [(lot["wallet"], lot["points"]) for lot in receipt["earned"]] == [("points", 100)]
    assert receipt["balances"] == [{"wallet": "points", "balance": 100}]


async def test_a_replayed_receipt_pays_once_and_gets_the_same_bytes(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    till = await shop.till()
    body = sale(member={"id": member_public_id(await shop.member())})
    first = await sell(client, till, body)
    again = await sell(client, till, {**body, "offline": True, "attempt": 2})
    other_key = await sell(client, till, body, key="key-2")
    assert again.content == first.content
    assert other_key.content == first.content
    assert await rows(services, "SELECT count(*), sum(amount) FROM journal") == [(1, 100)]


async def test_the_same_receipt_with_other_content_is_refused_and_names_the_difference(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    till = await shop.till()
    member = {"id": member_public_id(await shop.member())}
    await sell(client, till, sale(member=member))
    same_key = await sell(client, till, sale(member=member, total=20_000))
    assert (same_key.status_code, same_key.json()["code"]) == (422, "idempotency_key_reused")
    other_key = await sell(client, till, sale(member=member, total=20_000), key="key-2")
    assert (other_key.status_code, other_key.json()["code"]) == (422, "receipt_differs")
    assert other_key.json()["differences"] == ["/lines/0/amount_minor", "/total_minor"]


async def test_sixteen_clients_send_the_same_receipts_and_each_pays_once(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services, programme(rate(points=1, per_minor=1_000)))
    till = await shop.till()
    members = [{"id": member_public_id(await shop.member())} for _ in range(5)]
    bodies = [sale(str(n), total=1_000, member=members[n % 5]) for n in range(40)]
    answers = await asyncio.gather(
        *(sell(client, till, body, key=f"k{n}") for _ in range(16) for n, body in enumerate(bodies))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 40
    assert await rows(services, "SELECT count(*), sum(amount) FROM journal") == [(40, 40)]
    assert await rows(services, "SELECT remaining FROM balance") == [(8,)] * 5


async def test_a_shift_of_the_same_name_on_another_day_is_another_receipt(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    till = await shop.till()
    member = {"id": member_public_id(await shop.member())}
    for day in ("2026-03-01", "2026-03-02"):
        receipt = {"number": "1", "shift": "morning", "business_date": day}
        answer = await sell(client, till, sale(member=member) | {"receipt": receipt}, key=day)
        assert answer.status_code == 201, answer.text
    assert await rows(services, "SELECT count(*) FROM purchase") == [(2,)]


async def test_a_clock_that_was_set_between_a_sale_and_its_sending_corrects_nothing(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    till = await shop.till()
    member = {"id": member_public_id(await shop.member())}
    ends = {"occurred_at": "1970-01-01T00:00:00Z", "sent_at": "2199-12-31T23:59:59Z"}
    answer = (await sell(client, till, sale(member=member) | ends)).json()
    assert answer["occurred_at"] == ends["occurred_at"]
    assert answer["flags"] == ["clock_unclear", "late", "unknown_sku"]


async def test_a_sale_by_card_that_is_sent_again_after_a_merge_gets_its_first_answer(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services, programme(rate(points=1, per_minor=100)))
    till, survivor = await shop.till(), member_public_id(await shop.member())
    merged = member_public_id(await shop.member(card="2900000012"))
    body = sale(member={"card": "2900000012"})
    first = await sell(client, till, body)
    owner = await shop.staff("owner")
    cause = {"source_id": merged, "reason": "same-person"}
    merge = await client.post(f"/v1/admin/members/{survivor}/merges", json=cause, headers=owner)
    assert (first.status_code, merge.status_code) == (201, 201)

    for again in (await sell(client, till, body), await sell(client, till, body, key="key-2")):
        assert (again.status_code, again.content) == (201, first.content)
    items = {"items": [{"key": "key-1", "kind": "purchase", "purchase": body}]}
    batch = await client.post("/v1/pos/batches", json=items, headers=till.headers)
    assert batch.json()["items"][0]["body"] == first.json()

    stranger = await sell(client, till, body | {"member": {"id": member_public_id(await shop.member())}})
    assert (stranger.status_code, stranger.json()["differences"]) == (422, ["/member_id"])
    assert await rows(services, "SELECT count(*) FROM purchase") == [(1,)]


async def test_a_member_who_is_locked_for_long_does_not_stop_the_sales_of_others(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    till, locked_id = await shop.till(), await shop.member()
    locked, other = ({"id": member_public_id(member_id)} for member_id in (locked_id, await shop.member()))
    answered: list[str] = []

    async def sells(number: str, member: dict[str, str], who: str) -> int:
        answer = await sell(client, till, sale(number, member=member), key=number)
        answered.append(who)
        return answer.status_code

    async with services.database.transaction(lock_timeout_ms=100) as connection:
        await connection.execute("SELECT FROM member WHERE member_id = $1 FOR UPDATE", locked_id)
        waiting = [asyncio.create_task(sells(f"w{n}", locked, "locked")) for n in range(20)]
        await asyncio.sleep(0.3)  # By then they have left the batch and wait for their member.
        assert await asyncio.gather(*(sells(f"o{n}", other, "other") for n in range(3))) == [201] * 3
    await asyncio.gather(*waiting)
    assert answered[:3] == ["other"] * 3


async def test_a_cashier_whom_the_store_does_not_know_is_flagged_and_the_sale_recorded(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    here, elsewhere = await shop.store(), await shop.store()
    till, member = await shop.till(store_id=here), {"id": member_public_id(await shop.member())}
    cashiers = [
        await shop.cashier(),
        await shop.cashier(store_id=here),
        await shop.cashier(store_id=elsewhere),
        "nobody",
    ]
    flags = [
        (await sell(client, till, sale(str(place), member=member, cashier=cashier), key=cashier)).json()["flags"]
        for place, cashier in enumerate(cashiers)
    ]
    known = ["unknown_sku"]
    assert flags == [known, known, [*known, "unknown_cashier"], [*known, "unknown_cashier"]]
