"""A reward for a friend: shown as a code, claimed once, used with a code of its own."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from api.services import Services
from loyalty.members.erasing import erase_member
from loyalty.members.ids import member_public_id
from loyalty.members.merging import merge_members
from loyalty.models import MemberFact
from loyalty.rewards.expiring import expire_redemptions
from tests.api.callers import member_headers
from tests.clocks import MovableClock
from tests.journeys.counter import Counter, discount, reward, with_rewards
from tests.journeys.tills import done, fetch, line, sale
from tests.programmes import publish
from tests.shop import Shop, Till
from tests.verified import assert_verified

DOCUMENT = with_rewards(
    discount("tenth", 30, transferable=True, valid_days=1),
    reward("mug", 50, transferable=True, stock=5),
    discount("mine", 10),
    discount("once", 10, transferable=True, limits={"lifetime": 1}),
    discount("newcomer", 0, transferable=True, condition="member.purchases_count < 1"),
)


@pytest.fixture
async def counter(services: Services, client: httpx.AsyncClient, shop: Shop) -> AsyncIterator[Counter]:
    await publish(services, DOCUMENT)
    yield Counter(services, client, shop)
    await assert_verified(services)


@pytest.fixture
async def till(shop: Shop) -> Till:
    return await shop.till()


async def offered(counter: Counter, member_id: int, code: str = "tenth") -> Any:
    """An issued reward with the code for a friend."""
    issued = await counter.redeem(member_id, code)
    answer = await counter.post(member_id, f"redemptions/{issued['id']}/present")
    assert answer.status_code == 201, answer.text
    return answer.json()


async def claim(counter: Counter, member_id: int, present: Any, *, key: str = "") -> httpx.Response:
    return await counter.post(member_id, "presents", {"code": present["present_code"]}, key=key)


async def withdraw(counter: Counter, member_id: int, present: Any) -> httpx.Response:
    headers = await member_headers(counter.shop, member_id)
    return await counter.client.delete(f"/v1/me/redemptions/{present['id']}/present", headers=headers)


async def use(counter: Counter, till: Till, code: str, number: str) -> httpx.Response:
    body = {"code": code, "basket": {"lines": [line("x", 10_000)], "total_minor": 10_000, "currency": "RUB"}}
    headers = till.headers | {"Idempotency-Key": number}
    return await counter.client.post("/v1/pos/redemptions", json=body, headers=headers)


async def test_a_friend_has_it_with_a_code_of_its_own(counter: Counter, till: Till) -> None:
    anna, boris = await counter.member(100), await counter.member()
    present = await offered(counter, anna)
    assert (present["state"], present["transferable"], present["received"]) == ("issued", True, False)
    again = await counter.post(anna, f"redemptions/{present['id']}/present")
    assert again.json()["present_code"] == present["present_code"]
    drawn = await counter.client.get(
        f"/v1/me/redemptions/{present['id']}/present/qr", headers=await member_headers(counter.shop, anna)
    )
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert await counter.wallet(anna) == (100, 70, 30)
    received = (await claim(counter, boris, present)).json()
    assert (received["state"], received["received"], received["prices"]) == ("issued", True, [])
    assert received["expires_at"] == present["expires_at"]
    assert received["code"] not in (None, present["code"])
    assert await counter.wallet(anna) == (70, 70, 0)
    given = await counter.get(anna, f"redemptions/{present['id']}")
    assert (given["state"], given["code"], given["present_code"]) == ("given", None, None)
    old = await use(counter, till, present["code"], "old")
    assert (old.status_code, old.json()["redemption_state"]) == (409, "given")
    assert (await use(counter, till, received["code"], "new")).json()["discount_minor"] == 1_000
    desk = await counter.shop.staff("support")
    seen = await counter.client.get(f"/v1/admin/redemptions/{present['id']}", headers=desk)
    assert seen.json()["given_to"] == received["id"]


async def test_of_many_who_claim_one_has_it(counter: Counter) -> None:
    anna = await counter.member(100)
    friends = [await counter.member() for _ in range(8)]
    present = await offered(counter, anna, "mug")
    answers = await asyncio.gather(
        *(claim(counter, friend, present) for friend in friends), withdraw(counter, anna, present)
    )
    statuses = sorted(answer.status_code for answer in answers[:-1])
    taken_back = answers[-1].status_code == 204
    assert statuses.count(201) == (0 if taken_back else 1)
    assert set(statuses) <= {201, 404, 409}
    had = await fetch(counter.services, "SELECT count(*) FROM redemption WHERE state = 'issued'")
    assert had == [(1,)]
    assert await fetch(counter.services, "SELECT taken FROM reward_stock WHERE reward = 'mug'") == [(1,)]


async def test_friends_who_give_to_each_other_at_once_do_not_stop_each_other(counter: Counter) -> None:
    anna, boris = await counter.member(300), await counter.member(300)
    pairs = [(await offered(counter, anna), await offered(counter, boris)) for _ in range(4)]
    answers = await asyncio.gather(
        *(claim(counter, boris, of_anna) for of_anna, _ in pairs),
        *(claim(counter, anna, of_boris) for _, of_boris in pairs),
    )
    assert [answer.status_code for answer in answers] == [201] * 8
    assert [await counter.wallet(each) for each in (anna, boris)] == [(180, 180, 0)] * 2


async def test_one_key_claims_once(counter: Counter) -> None:
    anna, boris = await counter.member(100), await counter.member()
    present = await offered(counter, anna)
    answers = await asyncio.gather(*(claim(counter, boris, present, key="claim") for _ in range(5)))
    assert ({answer.status_code for answer in answers}, len({answer.content for answer in answers})) == ({201}, 1)
    late = await claim(counter, boris, present)
    assert (late.status_code, late.json()["code"]) == (409, "present_gone")


async def test_what_is_used_or_taken_back_first_is_no_present(counter: Counter, till: Till) -> None:
    anna, boris = await counter.member(200), await counter.member()
    used = await offered(counter, anna)
    assert (await use(counter, till, used["code"], "first")).status_code == 201
    gone = await claim(counter, boris, used)
    assert (gone.status_code, gone.json()["code"]) == (409, "present_gone")
    back = await offered(counter, anna)
    assert (await withdraw(counter, anna, back)).status_code == 204
    absent = await claim(counter, boris, back)
    assert (absent.status_code, absent.json()["code"]) == (404, "present_not_found")
    assert (await withdraw(counter, anna, back)).json()["code"] == "present_not_found"
    other = (await counter.post(anna, f"redemptions/{back['id']}/present")).json()
    assert other["present_code"] != back["present_code"]
    assert (await claim(counter, boris, other)).status_code == 201
    assert (await withdraw(counter, anna, other)).json()["redemption_state"] == "given"


async def test_nothing_goes_round(counter: Counter) -> None:
    anna, boris = await counter.member(200), await counter.member()
    present = await offered(counter, anna, "mug")
    own = await claim(counter, anna, present)
    assert (own.status_code, own.json()["code"]) == (409, "own_present")
    received = (await claim(counter, boris, present)).json()
    assert received["transferable"] is False
    for path, code in (("present", "redemption_not_transferable"), ("cancellation", "redemption_not_cancellable")):
        refused = await counter.post(boris, f"redemptions/{received['id']}/{path}")
        assert (refused.status_code, refused.json()["code"]) == (409, code)
    mine = await counter.redeem(anna, "mine")
    refused = await counter.post(anna, f"redemptions/{mine['id']}/present")
    assert (refused.status_code, refused.json()["code"]) == (409, "redemption_not_transferable")
    foreign = await counter.post(boris, f"redemptions/{mine['id']}/present")
    assert (foreign.status_code, foreign.json()["code"]) == (404, "redemption_not_found")
    for text in (mine["code"], "GFT_", "x" * 64, present["present_code"][:-1]):
        answer = await counter.post(boris, "presents", {"code": text})
        assert (answer.status_code, answer.json()["code"]) == (404, "present_not_found")


async def test_the_receiver_meets_the_limits_and_the_condition(counter: Counter) -> None:
    anna, boris = await counter.member(100), await counter.member(100)
    present = await offered(counter, anna, "once")
    await counter.redeem(boris, "once")
    refused = await claim(counter, boris, present)
    assert [reason["code"] for reason in refused.json()["reasons"]] == ["limit_reached"]
    clara = await counter.member()
    assert (await claim(counter, clara, present)).status_code == 201
    assert [reason["code"] for reason in await counter.refusal(anna, "once")] == ["limit_reached"]
    welcome = await offered(counter, anna, "newcomer")
    async with counter.services.database.write() as session:
        session.add(MemberFact(member_id=boris, purchases_count=1, updated_at=counter.services.clock()))
        await session.commit()
    refused = await claim(counter, boris, welcome)
    assert [reason["code"] for reason in refused.json()["reasons"]] == ["condition"]
    assert (await claim(counter, clara, welcome)).status_code == 201


async def test_a_voided_sale_gives_the_friend_the_present_anew(counter: Counter, till: Till) -> None:
    anna, boris = await counter.member(100), await counter.member()
    received = (await claim(counter, boris, await offered(counter, anna))).json()
    bought = sale("s1", line("x", 10_000), member={"id": member_public_id(boris)}, redemptions=[received["code"]])
    await done(counter.client, till, "purchases", bought)
    assert await counter.state(boris, received) == "used"
    await done(counter.client, till, "voids", {"receipt": bought["receipt"]})
    assert await counter.state(boris, received) == "refunded"
    (again, _) = (await counter.get(boris, "redemptions"))["redemptions"]
    assert (again["state"], again["received"], again["expires_at"]) == ("issued", True, received["expires_at"])
    assert (await use(counter, till, again["code"], "again")).status_code == 201
    assert await counter.wallet(anna) == (70, 70, 0)


async def test_time_ends_a_present_for_whoever_has_it(counter: Counter, clock: MovableClock) -> None:
    anna, boris = await counter.member(100), await counter.member()
    claimed, waiting = await offered(counter, anna), await offered(counter, anna)
    received = (await claim(counter, boris, claimed)).json()
    clock.set(datetime.fromisoformat(claimed["expires_at"]))
    gone = await claim(counter, boris, waiting)
    assert (gone.status_code, gone.json()["code"]) == (409, "present_gone")
    assert await counter.state(boris, received) == "expired"
    assert await counter.wallet(anna) == (70, 70, 0)
    async with counter.services.database.write() as session:
        await expire_redemptions(session, now=clock(), limit=10)
        await session.commit()
    assert await counter.wallet(anna) == (70, 70, 0)


async def test_what_becomes_of_the_giver_in_between_counts(counter: Counter) -> None:
    card, anna, boris = await counter.member(100), await counter.member(), await counter.member()
    held, paid = await offered(counter, card), await offered(counter, card, "mug")
    async with counter.services.database.write() as session:
        await merge_members(
            session, source_id=card, target_id=anna, actor="staff:test", reason="same", now=counter.services.clock()
        )
        await session.commit()
    gone = await claim(counter, boris, held)
    assert (gone.status_code, gone.json()["code"]) == (409, "present_gone"), "a merge frees what is held"
    own = await claim(counter, anna, paid)
    assert own.json()["code"] == "own_present"
    received = (await claim(counter, boris, paid)).json()
    async with counter.services.database.write() as session:
        await erase_member(session, anna, actor="staff:test", reason="asked", now=counter.services.clock())
        await session.commit()
    assert await counter.state(boris, received) == "issued"
    clara = await counter.member(50)
    last = await offered(counter, clara, "mug")
    async with counter.services.database.write() as session:
        await erase_member(session, clara, actor="staff:test", reason="asked", now=counter.services.clock())
        await session.commit()
    gone = await claim(counter, boris, last)
    assert (gone.status_code, gone.json()["code"]) == (409, "present_gone")


async def test_a_voided_sale_gives_no_present_to_an_erased_member(counter: Counter, till: Till) -> None:
    anna, boris = await counter.member(100), await counter.member(20)
    received = (await claim(counter, boris, await offered(counter, anna))).json()
    mine = await counter.redeem(boris, "mine")
    bought = sale(
        "s1", line("x", 10_000), member={"id": member_public_id(boris)}, redemptions=[received["code"], mine["code"]]
    )
    await done(counter.client, till, "purchases", bought)
    async with counter.services.database.write() as session:
        await erase_member(session, boris, actor="staff:test", reason="asked", now=counter.services.clock())
        await session.commit()
    await done(counter.client, till, "voids", {"receipt": bought["receipt"]})
    states = await fetch(counter.services, f"SELECT state FROM redemption WHERE member_id = {boris} ORDER BY 1")  # noqa: S608
    assert states == [("refunded",), ("refunded",)]
