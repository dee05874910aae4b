"""A guest's receipt is claimed by its printed code: once, in time, with what happened to it meanwhile."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx

from api.services import Services
from loyalty.members.ids import member_public_id
from tests.clocks import MovableClock
from tests.journeys.tills import balances, done, fetch, line, receipt, refund, sale, send
from tests.programmes import programme, publish, rate
from tests.shop import Shop, Till, bearer


async def guest_buys(services: Services, client: httpx.AsyncClient, shop: Shop) -> tuple[Till, str]:
    """A till, and the code on a guest's receipt for 100.00."""
    await publish(services)
    till = await shop.till()
    bought = await done(client, till, "purchases", sale("g1", line("a", 6_000), line("b", 4_000)))
    assert (bought["kind"], bought["id"], bought["earned"]) == ("guest", None, [])
    code: str = bought["claim_code"]
    return till, code


async def new_member(shop: Shop) -> dict[str, str]:
    return {"id": member_public_id(await shop.member())}


def claim(code: str, member: dict[str, str]) -> dict[str, Any]:
    return {"claim_code": code, "member": member}


async def test_the_sale_is_recorded_as_of_the_moment_when_it_happened(
    services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    till, code = await guest_buys(services, client, shop)
    sold_at = clock.now
    clock.advance(minutes=10)
    await publish(services, programme(rate(points=7)))
    claimed = await done(client, till, "claims", claim(code.lower().replace("-", " "), await new_member(shop)))
    assert (claimed["kind"], claimed["receipt"]["number"]) == ("purchase", "g1")
    assert claimed["earned"][0]["points"] == 100, "by the programme of that moment"
    assert claimed["occurred_at"] <= sold_at.isoformat().replace("+00:00", "Z")
    assert claimed["flags"] == ["claimed", "unknown_sku"]
    again = await done(client, till, "purchases", sale("g1", line("a", 6_000), line("b", 4_000)))
    assert again["claim_code"] == code, "the till's own repeat still gets its first answer"
    assert await balances(services) == [100]


async def test_of_two_claims_at_once_one_wins(services: Services, client: httpx.AsyncClient, shop: Shop) -> None:
    till, code = await guest_buys(services, client, shop)
    members = [await new_member(shop) for _ in range(4)]
    answers = await asyncio.gather(*(send(client, till, "claims", claim(code, member)) for member in members))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert {answer.json().get("code") for answer in answers} == {None, "already_claimed"}
    assert await fetch(services, "SELECT count(*), sum(amount) FROM journal") == [(1, 100)]


async def test_a_repeated_claim_gets_its_answer_again(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    till, code = await guest_buys(services, client, shop)
    body = claim(code, await new_member(shop))
    first = await done(client, till, "claims", body, key="k1")
    assert await done(client, till, "claims", body, key="k1") == first
    kept = await fetch(services, "SELECT body FROM idempotency_key WHERE key = 'k1'")
    assert code.encode() not in kept[0][0]


async def test_a_member_claims_in_the_app_and_a_wrong_code_finds_nothing(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    _, code = await guest_buys(services, client, shop)
    await shop.member(phone="+79990000001")
    phone = bearer((await shop.phone_session("+79990000001"))["access_token"])
    wrong = await client.post("/v1/me/claims", json={"claim_code": "2222-2222-2222"}, headers=phone)
    assert (wrong.status_code, wrong.json()["code"]) == (404, "claim_code_unknown")
    claimed = await client.post("/v1/me/claims", json={"claim_code": code}, headers=phone)
    assert claimed.status_code == 201, claimed.text
    assert await balances(services) == [100]


async def test_guessing_codes_is_stopped(services: Services, client: httpx.AsyncClient, shop: Shop) -> None:
    await publish(services)
    await shop.member(phone="+79990000001")
    phone = bearer((await shop.phone_session("+79990000001"))["access_token"])
    statuses = [
        (await client.post("/v1/me/claims", json={"claim_code": f"2222-2222-{n:04}"}, headers=phone)).status_code
        for n in range(25)
    ]
    assert statuses == [404] * 20 + [429] * 5


async def test_after_its_days_a_receipt_is_too_old(
    services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    await publish(services, programme(refunds={"late_claim_days": 2}))
    store_id = await shop.store()
    till = await shop.till(store_id=store_id)
    codes = [
        (await done(client, till, "purchases", {**sale(number), "occurred_at": clock.now.isoformat()}))["claim_code"]
        for number in ("a", "b")
    ]
    clock.advance(days=2)
    member, till = await new_member(shop), await shop.till(store_id=store_id)
    assert (await send(client, till, "claims", claim(codes[0], member))).status_code == 201
    clock.set(clock.now + timedelta(seconds=1))
    late = await send(client, till, "claims", claim(codes[1], member))
    assert (late.status_code, late.json()["code"], late.json()["days"]) == (409, "claim_too_late", 2)


async def test_goods_that_a_guest_brought_back_earn_nothing_when_the_rest_is_claimed(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    till, code = await guest_buys(services, client, shop)
    waits = await done(client, till, "refunds", refund("g1", lines=[{"id": "b", "quantity": "1"}]))
    assert waits["kind"] == "waiting"
    await done(client, till, "claims", claim(code, await new_member(shop)))
    assert await balances(services) == [60]
    assert (await client.get("/v1/pos/waiting-refunds", headers=till.headers)).json()["items"] == []


async def test_a_voided_guest_sale_cannot_be_claimed(services: Services, client: httpx.AsyncClient, shop: Shop) -> None:
    till, code = await guest_buys(services, client, shop)
    await done(client, till, "voids", {"receipt": receipt("g1")})
    answer = await send(client, till, "claims", claim(code, await new_member(shop)))
    assert (answer.status_code, answer.json()["code"]) == (409, "receipt_voided")


async def test_a_training_till_claims_nothing(services: Services, client: httpx.AsyncClient, shop: Shop) -> None:
    till, code = await guest_buys(services, client, shop)
    member, training = await new_member(shop), await shop.till(training=True)
    assert (await done(client, training, "claims", claim(code, member)))["kind"] == "purchase"
    assert await balances(services) == []
    assert (await done(client, till, "claims", claim(code, member)))["kind"] == "purchase"
