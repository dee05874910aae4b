"""A training terminal: every answer is real, and no table has another row afterwards."""

import asyncio
from typing import Any

import httpx

from api.services import Services
from loyalty.members.ids import member_public_id
from migrations.tables import METADATA
from tests.journeys.tills import basket, done, fetch, line, receipt, refund, sale, send
from tests.programmes import programme, publish, rate
from tests.shop import Shop


async def contents(services: Services) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables."""
    tables = sorted(table.name for table in METADATA.sorted_tables)
    return {
        name: await fetch(services, f"SELECT t::text FROM {name} AS t ORDER BY 1")  # noqa: S608 - our tables
        for name in tables
    }


async def test_whatever_a_training_till_does_nothing_is_written(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    spending = {"value": {"points": 1, "minor": 100}}
    await publish(services, programme(rate(), spending=spending, refunds={"without_receipt": True}))
    store_id = await shop.store()
    till, training = await shop.till(store_id=store_id), await shop.till(store_id=store_id, training=True)
    member_id = await shop.member(phone="+79990000001")
    member = {"id": member_public_id(member_id)}
    await done(client, till, "purchases", sale("sold", member=member))
    code = (await done(client, till, "purchases", sale("guest")))["claim_code"]
    original = {"receipt": receipt("sold"), "terminal": till.terminal_id}
    before = await contents(services)

    await done(client, training, "lookups", {"qr": await shop.qr(member_id)})
    new = await done(client, training, "registrations", {"phone": "+79990000002"})
    assert new["created"]
    token = (await done(client, training, "lookups", {"phone": "+79990000001"}))["member_token"]
    sent = await done(client, training, "proof-codes", {"member_token": token})
    proof = {"member_token": token, "code_id": sent["code_id"], "code": "123456"}
    proved = {"token": (await done(client, training, "proofs", proof))["member_token"]}
    hold = await done(client, training, "holds", basket(member=proved, points=50))
    assert hold["points"] == 50
    bought = await done(client, training, "purchases", sale("1", member=proved))
    assert bought["balances"] == [{"wallet": "points", "balance": 200}]
    back = await done(client, training, "refunds", refund("", original=original))
    assert back["balances"] == [{"wallet": "points", "balance": 0}]
    await done(client, training, "exchanges", {"refund": refund("", original=original), "purchase": sale("2")})
    goods = {"member": member, "currency": "RUB", "lines": [line("1", 500)]}
    await done(client, training, "returns", {**goods, "receipt": receipt("3"), "occurred_at": "2026-03-02T09:00:00Z"})
    await done(client, training, "voids", {"receipt": receipt("never")})
    await done(client, training, "claims", {"claim_code": code, "member": member})
    await done(client, training, "refunds", refund("unknown"))
    counts = {"count": 0, "total_minor": 0}
    await done(client, training, "shift-reports", {"shift": "a", "sales": counts, "refunds": counts})
    items = [{"key": "k", "kind": "purchase", "purchase": sale("4", member=member)}]
    assert (await done(client, training, "batches", {"items": items}))["items"][0]["status"] == 201

    assert await contents(services) == before


async def test_a_repeat_at_a_training_till_is_the_same_rehearsal_again(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services, programme(rate(), spending={"value": {"points": 1, "minor": 100}}))
    store_id = await shop.store()
    till, training = await shop.till(store_id=store_id), await shop.till(store_id=store_id, training=True)
    member_id = await shop.member()
    await done(client, till, "purchases", sale("sold", member={"id": member_public_id(member_id)}))
    code = await shop.qr(member_id)
    before = await contents(services)
    looked = [await done(client, training, "lookups", {"qr": code}) for _ in range(2)]
    assert [each["proof"] for each in looked] == ["qr", "qr"]
    member = {"token": looked[0]["member_token"]}
    for path, body in {
        "holds": basket(member=member, points=50),
        "purchases": sale("1", member=member),
        "refunds": refund("sold", original={"receipt": receipt("sold"), "terminal": till.terminal_id}),
    }.items():
        first, again = [await send(client, training, path, body, key="k") for _ in range(2)]
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.content == first.content, path
    assert await contents(services) == before
    found = await done(client, till, "lookups", {"qr": code})
    assert found["proof"] == "qr", "the code that was rehearsed with has not been used"


async def test_a_rehearsal_that_loses_a_race_for_its_receipt_is_rehearsed_again(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    store_id = await shop.store()
    till, training = await shop.till(store_id=store_id), await shop.till(store_id=store_id, training=True)
    owners = [{"id": member_public_id(await shop.member())} for _ in range(2)]
    statuses = set()
    for number in range(20):
        body = sale(str(number)) | {"receipt": {"number": "1", "fiscal_id": f"fiscal-{number}"}}
        answers = await asyncio.gather(
            *(
                send(client, at, "purchases", body | {"member": owner})
                for at, owner in zip((till, training), owners, strict=True)
            )
        )
        statuses |= {(answers[0].status_code, answers[1].status_code)}
    assert statuses <= {(201, 201), (201, 422)}, "the same receipt as the till's, or rehearsed before it came"
