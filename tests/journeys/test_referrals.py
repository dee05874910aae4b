"""A friend is invited, buys and brings back: both sides are paid once, and what was paid goes again."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from api.delivering import Outbox
from api.services import Services
from api.subscriptions import REACTIONS
from loyalty.members.ids import member_public_id
from loyalty.programme.document import ProgrammeDocument
from tests.clocks import MovableClock
from tests.journeys.tills import done, fetch, line, refund, sale, send
from tests.loyalty.actions.making import action, pays, with_actions
from tests.programmes import publish, rate
from tests.shop import Shop, Till, bearer
from tests.verified import assert_verified

SIDES = [
    pays("for-the-friend", "invite", 50, condition='action.side == "friend"'),
    pays("for-the-referrer", "invite", 100, condition='action.side == "referrer"'),
    pays("third-friend", "invite", 1_000, condition='action.side == "referrer" && action.milestone == 3'),
]


def inviting(*, limits: dict[str, int] | None = None, **more: Any) -> ProgrammeDocument:
    """Purchases pay nothing by themselves, so that every point is a referral's."""
    declared = action("invite", "referral", **({"limits": limits} if limits else {}))
    settings = {"action": "invite", "link": "https://zerno.example/i/{code}", **more}
    never = rate("never", minimum_basket_minor=10**12)
    return with_actions([declared], SIDES, earn_rules=[never], referrals=settings)


async def deliver(services: Services) -> None:
    """What the worker does, until nothing is left to do."""
    outbox = Outbox(services.database, REACTIONS, clock=services.clock)
    while await outbox.spread():
        pass
    while waiting := await outbox.waiting():
        for partition in waiting:
            await outbox.deliver(partition)


class Phone:
    """A member with a signed-in phone."""

    def __init__(self, client: httpx.AsyncClient, member_id: int, headers: dict[str, str]) -> None:
        self.client, self.member_id, self.headers = client, member_id, headers
        self.name = {"id": member_public_id(member_id)}

    async def code(self) -> str:
        answer = await self.client.get("/v1/me/referral-code", headers=self.headers)
        assert answer.status_code == 200, answer.text
        code: str = answer.json()["code"]
        return code

    async def says(self, code: str) -> httpx.Response:
        return await self.client.post("/v1/me/referral", json={"code": code}, headers=self.headers)

    async def friends(self) -> list[str]:
        answer = await self.client.get("/v1/me/referrals", headers=self.headers)
        return [friend["state"] for friend in answer.json()["friends"]]

    async def points(self) -> int:
        answer = await self.client.get("/v1/me/balance", headers=self.headers)
        wallets = {wallet["wallet"]: wallet["balance"] for wallet in answer.json()["wallets"]}
        return int(wallets.get("points", 0))


async def phones(client: httpx.AsyncClient, shop: Shop, count: int) -> list[Phone]:
    made = []
    for number in range(count):
        phone = f"+7999123000{number}"
        member_id = await shop.member(phone=phone)
        made.append(Phone(client, member_id, bearer((await shop.phone_session(phone))["access_token"])))
    return made


async def buys(client: httpx.AsyncClient, till: Till, member: Phone, number: str, amount_minor: int = 10_000) -> None:
    await done(client, till, "purchases", sale(number, line("a", amount_minor), member=member.name))


async def test_a_friend_is_invited_and_buys_and_both_are_paid_once_and_lose_it_when_the_goods_come_back(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services, inviting())
    till = await shop.till()
    anna, boris = await phones(client, shop, 2)
    code = await anna.code()
    assert await anna.code() == code
    said = await boris.says(f"{code[:4].lower()} {code[4:]}")
    assert (said.status_code, said.json()["state"]) == (201, "registered")
    await deliver(services)
    assert (await anna.points(), await boris.points()) == (0, 0), "to come is not to buy"
    await buys(client, till, boris, "0001")
    await buys(client, till, boris, "0002")
    await deliver(services)
    await deliver(services)
    assert (await anna.points(), await boris.points()) == (100, 50)
    assert await anna.friends() == ["rewarded"]
    await done(client, till, "refunds", refund("0002", "r2"))
    await deliver(services)
    assert (await anna.points(), await boris.points()) == (100, 50), "another purchase than the one that counts"
    await done(client, till, "refunds", refund("0001", "r1"))
    await deliver(services)
    assert (await anna.points(), await boris.points()) == (0, 0)
    assert await anna.friends() == ["reversed"]
    await buys(client, till, boris, "0003")
    await deliver(services)
    assert (await anna.points(), await boris.points()) == (100, 50), "the friend bought after all"
    await assert_verified(services)


async def test_own_codes_second_codes_loops_and_old_members_are_refused(
    services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    await publish(services, inviting())
    anna, boris, vera, gleb = await phones(client, shop, 4)
    codes = [await each.code() for each in (anna, boris, vera)]
    assert (await boris.says(codes[0])).status_code == 201
    assert (await vera.says(codes[1])).status_code == 201
    refusals = [
        (anna, codes[0], 409, "own_referral_code"),
        (boris, codes[2], 409, "already_referred"),
        (anna, codes[2], 409, "referral_loop"),
        (anna, codes[1], 409, "referral_loop"),
        (gleb, "ZZZZZZZZ", 404, "referral_code_unknown"),
    ]
    for who, code, status, expected in refusals:
        answer = await who.says(code)
        assert (answer.status_code, answer.json()["code"]) == (status, expected)
    await buys(client, await shop.till(), gleb, "0001")
    assert (await gleb.says(codes[0])).json()["code"] == "referred_too_late", "has bought already"
    (late,) = await phones_after(client, shop, clock)
    assert (await late.says(codes[0])).json()["code"] == "referred_too_late"
    await assert_verified(services)


async def phones_after(client: httpx.AsyncClient, shop: Shop, clock: MovableClock) -> Sequence[Phone]:
    """A member who joined eight days ago."""
    member_id = await shop.member(phone="+79991239999")
    clock.advance(days=8)
    return [Phone(client, member_id, bearer((await shop.phone_session("+79991239999"))["access_token"]))]


async def test_four_who_refer_each_other_at_once_close_no_ring(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services, inviting())
    ring = await phones(client, shop, 4)
    codes = [await each.code() for each in ring]
    answers = await asyncio.gather(*(each.says(codes[place - 3]) for place, each in enumerate(ring)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 409]
    await assert_verified(services)


async def test_the_third_friend_pays_once_more_and_the_fourth_in_a_day_waits_for_staff(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services, inviting(most_a_day=3))
    till = await shop.till()
    anna, *friends = await phones(client, shop, 6)
    code = await anna.code()
    for number, friend in enumerate(friends):
        assert (await friend.says(code)).status_code == 201
        await buys(client, till, friend, f"000{number}")
    await deliver(services)
    assert await anna.points() == 3 * 100 + 1_000
    assert sorted(await anna.friends()) == ["held", "held", "rewarded", "rewarded", "rewarded"]
    support = await shop.staff("support")
    held = (await client.get("/v1/admin/referrals", params={"state": "held"}, headers=support)).json()["referrals"]
    paths = [f"/v1/admin/referrals/{one['member_id']}/decision" for one in held]
    paid = await client.post(paths[0], json={"approved": True}, headers=support)
    assert (paid.json()["state"], paid.json()["milestone"]) == ("rewarded", 4)
    again = await client.post(paths[0], json={"approved": True}, headers=support)
    assert (again.status_code, again.json()["code"]) == (409, "referral_not_held")
    refused = await client.post(paths[1], json={"approved": False, "reason": "farm"}, headers=support)
    assert (refused.json()["state"], refused.json()["reason"]) == ("rejected", "farm")
    assert await anna.points() == 4 * 100 + 1_000
    await assert_verified(services)


@pytest.mark.parametrize(
    ("asked", "amount_minor", "points"),
    [
        pytest.param({"minimum_minor": 10_000}, 10_000, 50, id="the minimum itself"),
        pytest.param({"minimum_minor": 10_001}, 10_000, 0, id="below the minimum"),
        pytest.param({}, 0, 0, id="nothing"),
        pytest.param({"condition": 'purchase.channel == "web"'}, 10_000, 0, id="another channel"),
        pytest.param({"condition": "member.purchases_count == 0"}, 10_000, 50, id="the first purchase"),
    ],
)
async def test_only_a_real_purchase_that_the_programme_asks_for_counts(
    services: Services,
    client: httpx.AsyncClient,
    shop: Shop,
    asked: dict[str, Any],
    amount_minor: int,
    points: int,
) -> None:
    await publish(services, inviting(**asked))
    anna, boris = await phones(client, shop, 2)
    await boris.says(await anna.code())
    await buys(client, await shop.till(), boris, "0001", amount_minor)
    await deliver(services)
    assert await boris.points() == points
    await assert_verified(services)


async def test_a_till_registers_whom_somebody_brought_and_nobody_under_a_wrong_code(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services, inviting())
    till = await shop.till()
    (anna,) = await phones(client, shop, 1)
    newcomer = {"phone": "+79991230077", "referral_code": "ZZZZ-ZZZZ"}
    wrong = await send(client, till, "registrations", newcomer)
    assert (wrong.status_code, wrong.json()["code"]) == (404, "referral_code_unknown")
    assert await fetch(services, "SELECT count(*) FROM member") == [(1,)]
    made = await send(client, till, "registrations", {**newcomer, "referral_code": (await anna.code()).lower()})
    assert (made.status_code, await anna.friends()) == (201, ["registered"])
    again = await send(client, till, "registrations", {"phone": "+79991230077", "referral_code": "ZZZZ-ZZZZ"})
    assert again.status_code == 200, "who was a member already is answered untouched"
    await assert_verified(services)


async def test_two_members_who_turn_out_to_be_one_refer_nobody(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services, inviting())
    till = await shop.till()
    anna, boris = await phones(client, shop, 2)
    await boris.says(await anna.code())
    manager = await shop.staff("manager")
    merged = await client.post(
        f"/v1/admin/members/{anna.name['id']}/merges",
        json={"source_id": boris.name["id"], "reason": "same_person"},
        headers=manager,
    )
    assert merged.is_success, merged.text
    await buys(client, till, anna, "0001")
    await deliver(services)
    assert await fetch(services, "SELECT state, reason FROM referral") == [("rejected", "own_code")]
    assert await anna.points() == 0
    await assert_verified(services)


async def test_a_limit_of_the_referrer_leaves_the_friend_paid(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services, inviting(limits={"month": 1}))
    till = await shop.till()
    anna, boris, vera = await phones(client, shop, 3)
    code = await anna.code()
    for number, friend in enumerate((boris, vera)):
        await friend.says(code)
        await buys(client, till, friend, f"000{number}")
        await deliver(services)
    assert (await anna.points(), await boris.points(), await vera.points()) == (100, 50, 50)
    assert await fetch(services, "SELECT state, reason FROM referral ORDER BY member_id") == [
        ("rewarded", None),
        ("rewarded", "action_limit_reached"),
    ]
    await assert_verified(services)


async def test_the_picture_holds_the_link_and_a_programme_without_referrals_has_none(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    (anna,) = await phones(client, shop, 1)
    assert (await client.get("/v1/me/referral-code", headers=anna.headers)).json()["code"] == "referrals_off"
    await publish(services, inviting())
    shown = (await client.get("/v1/me/referral-code", headers=anna.headers)).json()
    assert shown["link"] == f"https://zerno.example/i/{shown['code']}"
    drawn = await client.get("/v1/me/referral-code/qr", headers=anna.headers)
    assert (drawn.headers["content-type"], drawn.text[:5]) == ("image/svg+xml", "<?xml")
