"""A till takes a sale back by its own reference: whose sale, how often, and what of it."""

import asyncio

import httpx
import pytest

from api.services import Services
from loyalty.members.ids import member_public_id
from loyalty.receipts import unblock_receipts
from tests.journeys.tills import balances, done, fetch, line, receipt, refund, sale, send
from tests.programmes import publish
from tests.shop import Shop
from tests.verified import assert_verified

FISCAL = {"receipt": {"number": "1", "fiscal_id": "fn-8710000100518392-42"}}


@pytest.mark.parametrize("guest", [False, True])
async def test_a_store_voids_its_own_sales_only_and_any_store_takes_goods_back(
    services: Services, client: httpx.AsyncClient, shop: Shop, guest: bool
) -> None:
    await publish(services)
    till, elsewhere = await shop.till(), await shop.till()
    member = {} if guest else {"member": {"id": member_public_id(await shop.member())}}
    await done(client, till, "purchases", {**sale(), **FISCAL, **member})
    refused = await send(client, elsewhere, "voids", FISCAL)
    assert (refused.status_code, refused.json()["code"]) == (404, "purchase_not_found")
    assert await balances(services) == ([] if guest else [100])
    assert await fetch(services, "SELECT 1 FROM guest_receipt WHERE claimed_at IS NOT NULL") == []
    if not guest:
        goods = refund("-", original=FISCAL, lines=[{"id": "1", "quantity": "0.5"}])
        assert (await done(client, elsewhere, "refunds", goods))["kind"] == "refund"
    assert (await done(client, till, "voids", FISCAL))["kind"] == "sale"
    assert await balances(services) == ([] if guest else [0])


async def test_a_sale_is_voided_once_and_every_void_of_it_gets_the_first_answer(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    till, member = await shop.till(), {"id": member_public_id(await shop.member())}
    await done(client, till, "purchases", sale("1", member=member))
    void = {"receipt": receipt("1")}
    answers = await asyncio.gather(*(send(client, till, "voids", void) for _ in range(12)))
    answers.append(await send(client, till, "voids", void, key="later"))
    assert [answer.status_code for answer in answers] == [201] * 13
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["refund"]["cash_minor"] == 10_000
    assert await fetch(services, "SELECT count(*), bool_and(is_void) FROM refund") == [(1, True)]
    assert await fetch(services, "SELECT voided FROM purchase") == [(True,)]
    assert await fetch(services, "SELECT count(*) FROM journal") == [(2,)]
    await assert_verified(services)


async def test_of_a_void_and_a_refund_of_everything_at_once_one_wins(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    till, member = await shop.till(), {"id": member_public_id(await shop.member())}
    for number in range(8):
        await done(client, till, "purchases", sale(f"s{number}", member=member))
    works = [send(client, till, "voids", {"receipt": receipt(f"s{number}")}) for number in range(8)]
    works += [send(client, till, "refunds", refund(f"s{number}", f"r{number}")) for number in range(8)]
    answers = await asyncio.gather(*works)
    for void, back in zip(answers[:8], answers[8:], strict=True):
        codes = (void.json().get("code"), back.json().get("code"))
        assert codes in [(None, "nothing_to_refund"), ("sale_refunded", None)]
    voids = sum(answer.is_success for answer in answers[:8])
    assert await fetch(services, "SELECT count(*), count(*) FILTER (WHERE is_void) FROM refund") == [(8, voids)]
    assert await fetch(services, "SELECT count(*) FROM purchase WHERE voided") == [(voids,)]
    assert await balances(services) == [0]
    await assert_verified(services)


async def test_what_a_void_crosses_with_is_voided(services: Services, client: httpx.AsyncClient, shop: Shop) -> None:
    """A claim makes a guest's sale a purchase, and a refund leaves a part of one: a void then undoes all of that."""
    await publish(services)
    till, member = await shop.till(), {"id": member_public_id(await shop.member())}
    for number in range(6):
        bought = await done(client, till, "purchases", sale(f"g{number}"))
        claim, void = await asyncio.gather(
            send(client, till, "claims", {"claim_code": bought["claim_code"], "member": member}),
            send(client, till, "voids", {"receipt": receipt(f"g{number}")}),
        )
        assert void.status_code == 201
        assert (claim.json().get("code") is None) == (void.json()["refund"] is not None)
    await done(client, till, "purchases", sale("part", line(quantity="2"), member=member))
    await done(client, till, "refunds", refund("part", lines=[{"id": "1", "quantity": "1"}]))
    assert (await done(client, till, "voids", {"receipt": receipt("part")}))["refund"]["amount_minor"] == 5_000
    assert await balances(services) == [0]
    await assert_verified(services)


async def test_no_receipt_of_a_till_stands_in_the_way_of_a_void(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    till, member = await shop.till(), {"id": member_public_id(await shop.member())}
    for number in ("1", "2"):
        await done(client, till, "purchases", sale(number, member=member))
    for number in ("void:1", "void"):
        await done(client, till, "refunds", refund("2", number, lines=[{"id": "1", "quantity": "0.5"}]))
    assert (await done(client, till, "voids", {"receipt": receipt("1")}))["refund"]["cash_minor"] == 10_000
    assert await balances(services) == [0]


async def test_a_number_alone_names_no_receipt(services: Services, client: httpx.AsyncClient, shop: Shop) -> None:
    """It begins anew every day: a void would block nothing, a refund wait for ever and be taken for yesterday's."""
    await publish(services)
    till, member = await shop.till(), {"id": member_public_id(await shop.member())}
    await done(client, till, "purchases", sale("1", member=member))
    alone = {"receipt": {"number": "1"}}
    works = [("voids", alone), ("refunds", refund("1", original=alone)), ("refunds", {**refund("1"), **alone})]
    works.append(("refund-quotes", {"original": alone}))
    for path, body in works:
        refused = await send(client, till, path, body)
        assert (refused.status_code, refused.json()["code"]) == (422, "sale_inconsistent"), path
    assert await balances(services) == [100]
    assert await fetch(services, "SELECT kind FROM receipt_key") == [("purchase",)]


@pytest.mark.parametrize("guest", [False, True])
async def test_a_void_of_what_never_came_stops_the_sale_of_its_own_store_alone(
    services: Services, client: httpx.AsyncClient, shop: Shop, guest: bool
) -> None:
    await publish(services)
    till, other, third = await shop.till(), await shop.till(), await shop.till()
    member = {} if guest else {"member": {"id": member_public_id(await shop.member())}}
    await done(client, till, "voids", FISCAL)
    refused = await send(client, till, "purchases", {**sale(), **FISCAL, **member})
    assert (refused.status_code, refused.json()["code"]) == (409, "receipt_voided")
    first = await done(client, other, "purchases", {**sale(), **FISCAL, **member}, key="k")
    assert await done(client, other, "purchases", {**sale(), **FISCAL, **member}, key="k") == first
    refused = await send(client, third, "purchases", {**sale(), **FISCAL, **member})
    assert (refused.status_code, refused.json()["code"]) == (422, "receipt_differs")
    assert (await done(client, other, "voids", FISCAL))["kind"] == "sale"
    await assert_verified(services)


async def test_what_two_stores_have_voided_comes_to_neither(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    tills = [await shop.till(), await shop.till()]
    for till in tills:
        await done(client, till, "voids", FISCAL)
    for till in tills:
        refused = await send(client, till, "purchases", {**sale(), **FISCAL})
        assert (refused.status_code, refused.json()["code"]) == (409, "receipt_voided")


async def test_a_refund_waits_for_its_sale_though_another_store_voided_one_of_that_name(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    till, other = await shop.till(), await shop.till()
    member = {"id": member_public_id(await shop.member())}
    await done(client, till, "voids", FISCAL)
    refused = await send(client, till, "refunds", refund("-", "r1", original=FISCAL))
    assert (refused.status_code, refused.json()["code"]) == (409, "receipt_voided")
    assert (await done(client, other, "refunds", refund("-", "r2", original=FISCAL)))["kind"] == "waiting"
    await done(client, other, "purchases", {**sale(member=member), **FISCAL})
    assert await balances(services) == [0]
    assert await fetch(services, "SELECT refusal FROM waiting_refund") == [(None,)]
    await assert_verified(services)


async def test_a_sale_that_crosses_with_the_void_of_its_own_store_does_not_lift_it(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    """It has seen only the other store's void, and means to take its key when this one comes."""
    await publish(services)
    till, other, member = await shop.till(), await shop.till(), {"id": member_public_id(await shop.member())}
    for number in range(6):
        named = {"receipt": {"number": "1", "fiscal_id": f"fn-{number}"}}
        await done(client, till, "voids", named)
        bought, void = await asyncio.gather(
            send(client, other, "purchases", {**sale(member=member), **named}), send(client, other, "voids", named)
        )
        assert void.status_code == 201
        assert (bought.json().get("code") == "receipt_voided") == (void.json()["refund"] is None)
    assert sum(await balances(services)) == 0
    await assert_verified(services)


async def test_only_a_void_of_one_other_store_is_lifted(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    tills = [await shop.till(), await shop.till()]
    await publish(services)
    for till in tills:
        await done(client, till, "voids", FISCAL)
    async with services.database.transaction(lock_timeout_ms=1_000) as connection:
        await unblock_receipts(connection, [f"fiscal/{FISCAL['receipt']['fiscal_id']}"])
    assert await fetch(services, "SELECT kind, store_id FROM receipt_key") == [("void", None)]
