"""Rewards as staff see them: a queue of what waits, handed over once or taken back with a reason."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from api.services import Services
from loyalty.members.erasing import erase_member
from loyalty.members.ids import member_public_id
from tests.clocks import MovableClock
from tests.journeys.counter import Counter, discount, reward, with_rewards
from tests.journeys.tills import fetch
from tests.programmes import publish
from tests.shop import Shop
from tests.verified import assert_verified


@pytest.fixture
async def counter(services: Services, client: httpx.AsyncClient, shop: Shop) -> AsyncIterator[Counter]:
    await publish(services, with_rewards(reward("mug", 50, stock=10), discount("tenth", 30, cancellable=False)))
    yield Counter(services, client, shop)
    await assert_verified(services)


class Desk:
    """A person of staff at the queue."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self.client, self.headers = client, headers

    async def get(self, path: str) -> Any:
        answer = await self.client.get(f"/v1/admin/{path}", headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def end(self, redemption: Any, how: str, *, key: str = "", **body: Any) -> httpx.Response:
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        return await self.client.post(f"/v1/admin/redemptions/{redemption['id']}/{how}", json=body, headers=headers)

    async def queue(self, query: str = "") -> list[str]:
        """Ids of a whole list, walked in pages of one."""
        ids, cursor = [], ""
        while True:
            page = await self.get(f"redemptions?limit=1{query}{cursor}")
            ids += [each["id"] for each in page["redemptions"]]
            if page["next"] is None:
                return ids
            cursor = f"&cursor={page['next']}"


@pytest.fixture
async def desk(client: httpx.AsyncClient, shop: Shop) -> Desk:
    return Desk(client, await shop.staff("support"))


async def test_the_longest_waiting_comes_first(counter: Counter, desk: Desk, clock: MovableClock) -> None:
    anna, boris = await counter.member(200), await counter.member(200)
    issued = []
    for who, code in ((boris, "mug"), (anna, "mug"), (anna, "tenth"), (boris, "mug")):
        issued.append((await counter.redeem(who, code))["id"])
        clock.advance(seconds=1)
    assert await desk.queue() == issued
    assert await desk.queue("&reward=mug") == [issued[0], issued[1], issued[3]]
    assert await desk.queue(f"&member_id={member_public_id(anna)}") == issued[1:3]
    await desk.end({"id": issued[0]}, "fulfilment")
    assert await desk.queue("&state=issued&reward=mug") == [issued[1], issued[3]]
    assert await desk.queue("&state=fulfilled") == [issued[0]]


async def test_a_gift_is_handed_over_once(counter: Counter, desk: Desk) -> None:
    anna = await counter.member(100)
    mug = await counter.redeem(anna, "mug")
    answers = await asyncio.gather(*(desk.end(mug, "fulfilment") for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert (await desk.end(mug, "cancellation", reason="broken")).json()["redemption_state"] == "fulfilled"
    assert await counter.state(anna, mug) == "fulfilled"
    assert await counter.wallet(anna) == (50, 50, 0)
    entries = await fetch(counter.services, "SELECT action, subject FROM audit_entry WHERE action LIKE 'redemption.%'")
    assert entries == [("redemption.fulfilled", f"redemption:{mug['id']}")]


async def test_what_is_taken_back_returns_its_points_and_its_piece(counter: Counter, desk: Desk) -> None:
    anna = await counter.member(100)
    for code in ("mug", "tenth"):
        issued = await counter.redeem(anna, code)
        back = await desk.end(issued, "cancellation", key=f"back-{code}", reason="out_of_order")
        assert (back.status_code, back.json()["state"], back.json()["reason"]) == (201, "cancelled", "out_of_order")
        again = await desk.end(issued, "cancellation", key=f"back-{code}", reason="out_of_order")
        assert again.content == back.content
        assert (await desk.get(f"redemptions/{issued['id']}"))["state"] == "cancelled"
        assert await counter.wallet(anna) == (100, 100, 0)
    reasons = await fetch(counter.services, "SELECT reason FROM audit_entry WHERE action = 'redemption.cancelled'")
    assert reasons == [("out_of_order",)] * 2
    (mug, _) = (await desk.get("rewards"))["rewards"]
    assert (mug["taken"], mug["left"], mug["states"]) == (0, 10, {"cancelled": 1})


async def test_what_is_used_at_a_till_is_not_handed_over(
    counter: Counter, desk: Desk, clock: MovableClock, shop: Shop
) -> None:
    anna = await counter.member(100)
    tenth = await counter.redeem(anna, "tenth")
    assert (await desk.end(tenth, "fulfilment")).json()["code"] == "redemption_not_open"
    clock.set(datetime.fromisoformat(tenth["expires_at"]))
    desk = Desk(desk.client, await shop.staff("support"))
    assert await desk.queue("&state=issued") == []
    assert await desk.queue("&state=expired") == [tenth["id"]]
    late = await desk.end(tenth, "cancellation", reason="late")
    assert (late.status_code, late.json()["redemption_state"]) == (409, "expired")


async def test_a_code_is_not_shown_to_staff(counter: Counter, desk: Desk) -> None:
    mug = await counter.redeem(await counter.member(100), "mug")
    assert mug["code"] not in str(await desk.get(f"redemptions/{mug['id']}"))


async def test_pieces_are_counted_by_where_they_are(counter: Counter, desk: Desk) -> None:
    anna = await counter.member(230)
    mugs = [await counter.redeem(anna, "mug") for _ in range(4)]
    await desk.end(mugs[0], "fulfilment")
    await desk.end(mugs[1], "cancellation", reason="broken")
    await counter.redeem(anna, "tenth")
    mug, tenth = (await desk.get("rewards"))["rewards"]
    assert (mug["stock"], mug["taken"], mug["left"]) == (10, 3, 7)
    assert mug["states"] == {"issued": 2, "fulfilled": 1, "cancelled": 1}
    assert (tenth["stock"], tenth["taken"], tenth["left"], tenth["states"]) == (None, 1, None, {"issued": 1})


@pytest.mark.parametrize("query", ["state=gone", "member_id=mem_0", "reward=%00", "cursor=x", "limit=0"])
async def test_a_query_that_means_nothing_is_refused(counter: Counter, desk: Desk, query: str) -> None:
    answer = await desk.client.get(f"/v1/admin/redemptions?{query}", headers=desk.headers)
    assert answer.status_code in (400, 404), answer.text


async def test_what_is_taken_back_from_an_erased_member_is_forfeited(counter: Counter, desk: Desk) -> None:
    anna = await counter.member(200)
    mug = await counter.redeem(anna, "mug")
    async with counter.services.database.write() as session:
        await erase_member(session, anna, actor="staff:test", reason="asked", now=counter.services.clock())
        await session.commit()
    taken_back = await desk.end(mug, "cancellation", reason="left")
    assert (taken_back.status_code, taken_back.json()["state"]) == (201, "cancelled")
    assert await fetch(counter.services, "SELECT remaining FROM balance") == [(0,)]
