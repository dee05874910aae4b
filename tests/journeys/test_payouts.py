"""Points that become money: held at once, approved by a second person, exported once, paid or given back."""

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
from loyalty.payouts.exporting import export_payouts
from loyalty.payouts.finding import PayoutOwedError
from loyalty.payouts.payees import forget_unpaid_payees
from loyalty.rewards.expiring import expire_redemptions
from tests.api.callers import member_headers
from tests.clocks import MovableClock
from tests.journeys.counter import Counter, discount, payout, with_rewards
from tests.journeys.tills import done, fetch, line, refund, sale
from tests.programmes import publish
from tests.shop import Shop
from tests.verified import assert_verified

IBAN = "DE89 3704 0044 0532 0130 00"
PAYEE = {"holder": "Anna Kovaleva", "iban": IBAN}
DOCUMENT = with_rewards(payout("cash", minimum_units=2) | {"limits": {"day": 2}}, discount("tenth", 300))


@pytest.fixture
async def counter(services: Services, client: httpx.AsyncClient, shop: Shop) -> AsyncIterator[Counter]:
    await publish(services, DOCUMENT)
    yield Counter(services, client, shop)
    await assert_verified(services)


class Bureau:
    """A person of staff with payouts on the desk."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self.client, self.headers = client, headers
        self.numbers = iter(range(1_000))

    async def get(self, path: str) -> Any:
        answer = await self.client.get(f"/v1/admin/{path}", headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, *, key: str = "", **body: Any) -> httpx.Response:
        headers = self.headers | {"Idempotency-Key": key or f"bureau-{next(self.numbers)}"}
        return await self.client.post(f"/v1/admin/{path}", json=body, headers=headers)

    async def decide(self, asked: Any, *, approved: bool) -> httpx.Response:
        return await self.post(f"payouts/{asked['id']}/decision", approved=approved, reason="checked")

    async def settle(self, asked: Any, *, paid: bool) -> httpx.Response:
        return await self.post(f"payouts/{asked['id']}/settlement", paid=paid, reason="bank")

    async def export(self) -> Any:
        answer = await self.post("payout-batches")
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def file(self, batch: Any) -> bytes:
        answer = await self.client.get(f"/v1/admin/payout-batches/{batch['batch_id']}/csv", headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.content


@pytest.fixture
async def bureau(client: httpx.AsyncClient, shop: Shop) -> Bureau:
    return Bureau(client, await shop.staff("finance"))


async def ask(counter: Counter, member_id: int, units: int = 2, *, payee: Any = PAYEE) -> Any:
    """A payout that was asked for."""
    answer = await counter.post(member_id, "payouts", {"reward": "cash", "units": units, "payee": payee})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def state(counter: Counter, member_id: int, asked: Any) -> str:
    told: str = (await counter.get(member_id, f"payouts/{asked['id']}"))["state"]
    return told


async def test_points_become_money(counter: Counter, bureau: Bureau) -> None:
    anna = await counter.member(1_000)
    asked = await ask(counter, anna, 3)
    assert (asked["state"], asked["amount_minor"], asked["account"]) == ("requested", 1_500, "••••3000")
    assert asked["prices"] == [{"wallet": "points", "points": 300}]
    assert await counter.wallet(anna) == (1_000, 700, 300)
    (waiting,) = (await bureau.get("payouts?state=requested"))["payouts"]
    assert (waiting["member_id"], waiting["requested_by"]) == (member_public_id(anna), "member")
    assert (await bureau.decide(asked, approved=True)).json()["payout"]["state"] == "approved"
    assert await counter.wallet(anna) == (700, 700, 0)
    early = await bureau.settle(asked, paid=True)
    assert (early.status_code, early.json()["code"]) == (409, "payout_not_exported")
    batch = await bureau.export()
    assert (batch["payouts"], batch["total_minor"]) == (1, 1_500)
    assert await state(counter, anna, asked) == "exported"
    text = (await bureau.file(batch)).decode("utf-8-sig")
    assert text.splitlines()[1:] == [f"{asked['id']},Anna Kovaleva,DE89370400440532013000,,1500,RUB"]
    assert (await bureau.settle(asked, paid=True)).json()["payout"]["state"] == "paid"
    assert await state(counter, anna, asked) == "paid"
    again = await bureau.settle(asked, paid=False)
    assert (again.status_code, again.json()["redemption_state"]) == (409, "fulfilled")
    assert await bureau.file(batch) == text.encode("utf-8-sig")
    actions = [f"payout.{what}" for what in ("approved", "paid")]
    noted = await fetch(counter.services, "SELECT action FROM audit_entry WHERE subject LIKE 'payout:%' ORDER BY at")
    assert [action for (action,) in noted] == actions


async def test_what_ends_without_money_gives_the_points_back(
    counter: Counter, bureau: Bureau, clock: MovableClock
) -> None:
    boris = await counter.member(200)
    for end in ("refused", "cancelled", "failed", "failed unexported"):
        asked = await ask(counter, boris)
        if end == "refused":
            await bureau.decide(asked, approved=False)
        elif end == "cancelled":
            await counter.post(boris, f"redemptions/{asked['id']}/cancellation")
        else:
            await bureau.decide(asked, approved=True)
            if end == "failed":
                await bureau.export()
            assert (await bureau.settle(asked, paid=False)).status_code == 201
        assert await state(counter, boris, asked) == end.split()[0]
        assert await counter.wallet(boris) == (200, 200, 0)
    refused = await bureau.post("payout-batches")
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_export")
    late = await ask(counter, boris)
    clock.set(datetime.fromisoformat(late["expires_at"]))
    assert await state(counter, boris, late) == "expired"
    assert await counter.wallet(boris) == (200, 200, 0)
    async with counter.services.database.write() as session:
        assert await expire_redemptions(session, now=clock(), limit=10) == 1
        await forget_unpaid_payees(session, now=clock())
        await session.commit()
    assert len(await fetch(counter.services, "SELECT 1 FROM payout_payee")) == 1, "of the one that was exported"


async def test_what_is_approved_is_taken_back_by_nobody_but_finance(counter: Counter, bureau: Bureau) -> None:
    anna = await counter.member(200)
    asked = await ask(counter, anna)
    desk = Bureau(bureau.client, await counter.shop.staff("support"))
    assert (await bureau.decide(asked, approved=True)).status_code == 201
    own = await counter.post(anna, f"redemptions/{asked['id']}/cancellation")
    assert (own.status_code, own.json()["code"]) == (409, "redemption_not_cancellable")
    theirs = await desk.post(f"redemptions/{asked['id']}/cancellation", reason="wrong")
    assert (theirs.status_code, theirs.json()["code"]) == (409, "redemption_not_cancellable")
    handed = await desk.post(f"redemptions/{asked['id']}/fulfilment")
    assert (handed.status_code, handed.json()["code"]) == (409, "redemption_not_open")
    for refused in (await desk.decide(asked, approved=True), await desk.settle(asked, paid=True)):
        assert (refused.status_code, refused.json()["code"]) == (403, "permission_missing")


async def test_whoever_asked_for_a_member_does_not_approve_it(counter: Counter, bureau: Bureau) -> None:
    anna = await counter.member(200)
    manager = Bureau(bureau.client, await counter.shop.staff("manager"))
    path = f"members/{member_public_id(anna)}/payouts"
    asked = (await manager.post(path, reward="cash", units=2, payee=PAYEE)).json()
    assert asked["requested_by"].startswith("staff:")
    own = await manager.decide(asked["payout"], approved=True)
    assert (own.status_code, own.json()["code"]) == (403, "second_person_needed")
    assert (await bureau.decide(asked["payout"], approved=True)).status_code == 201


async def test_a_frozen_member_is_not_paid(counter: Counter, bureau: Bureau) -> None:
    anna = await counter.member(200)
    asked = await ask(counter, anna)
    desk = Bureau(bureau.client, await counter.shop.staff("support"))
    standing = {"earning_frozen": False, "spending_frozen": True, "blocked": False, "reason": "odd"}
    path = f"/v1/admin/members/{member_public_id(anna)}/standing"
    frozen = await desk.client.put(path, json=standing, headers=desk.headers)
    assert frozen.status_code == 200, frozen.text
    refused = await bureau.decide(asked, approved=True)
    assert (refused.status_code, refused.json()["code"]) == (403, "spending_blocked")
    assert (await bureau.decide(asked, approved=False)).status_code == 201


async def test_what_was_earned_with_goods_that_came_back_is_not_paid_out(counter: Counter, bureau: Bureau) -> None:
    anna, till = await counter.member(), await counter.shop.till()
    bought = sale("s1", line("x", 20_000), member={"id": member_public_id(anna)})
    await done(counter.client, till, "purchases", bought)
    assert await counter.wallet(anna) == (200, 200, 0)
    asked = await ask(counter, anna)
    await done(counter.client, till, "refunds", refund("s1"))
    refused = await bureau.decide(asked, approved=True)
    assert (refused.status_code, refused.json()["code"]) == (409, "payout_over_debt")
    assert refused.json()["wallets"] == ["points"]
    assert (await bureau.decide(asked, approved=False)).status_code == 201
    assert await counter.wallet(anna) == (0, 0, 0)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"reward": "cash", "units": 1, "payee": PAYEE}, "reward_refused"),
        ({"reward": "cash", "units": 6, "payee": PAYEE}, "reward_refused"),
        ({"reward": "tenth", "units": 1, "payee": PAYEE}, "reward_refused"),
        ({"reward": "cash", "units": 2, "payee": {"holder": "A", "iban": IBAN[:-1] + "1"}}, "iban_not_valid"),
        ({"reward": "cash", "units": 2, "payee": {"holder": "A"}}, "one_account_needed"),
        ({"reward": "cash", "units": 0, "payee": PAYEE}, "malformed_request"),
        ({"reward": "cash", "units": 2**63, "payee": PAYEE}, "malformed_request"),
        ({"reward": "cash", "units": 2, "payee": PAYEE | {"holder": "\t"}}, "malformed_request"),
        ({"reward": "gone", "units": 2, "payee": PAYEE}, "reward_not_found"),
    ],
)
async def test_what_cannot_be_paid_is_refused(counter: Counter, body: dict[str, Any], code: str) -> None:
    anna = await counter.member(1_000)
    answer = await counter.post(anna, "payouts", body)
    assert answer.json()["code"] == code, answer.text
    assert await counter.wallet(anna) == (1_000, 1_000, 0)


async def test_a_payout_is_neither_a_plain_reward_nor_a_voucher(counter: Counter, client: httpx.AsyncClient) -> None:
    anna, boris = await counter.member(500), await counter.member()
    assert [reason["code"] for reason in await counter.refusal(anna, "cash")] == ["payee_needed"]
    (cash, _) = (await counter.get(anna, "rewards"))["rewards"]
    assert (cash["kind"], cash["amount_minor"], cash["minimum_units"], cash["maximum_units"]) == ("payout", 500, 2, 5)
    asked = await ask(counter, anna)
    redemption = await counter.get(anna, f"redemptions/{asked['id']}")
    assert (redemption["state"], redemption["code"], redemption["qr"]) == ("reserved", None, None)
    headers = await member_headers(counter.shop, anna)
    assert (await client.get(f"/v1/me/redemptions/{asked['id']}/qr", headers=headers)).status_code == 404
    ((code,),) = await fetch(counter.services, "SELECT shown_code FROM redemption")
    till = (await counter.shop.till()).headers
    shown = await client.post("/v1/pos/redemptions/lookups", json={"code": code}, headers=till)
    used = await client.post("/v1/pos/redemptions", json={"code": code}, headers=till | {"Idempotency-Key": "u"})
    assert [answer.json()["code"] for answer in (shown, used)] == ["redemption_not_found"] * 2
    foreign = await client.get(f"/v1/me/payouts/{asked['id']}", headers=await member_headers(counter.shop, boris))
    assert (foreign.status_code, foreign.json()["code"]) == (404, "payout_not_found")


async def test_a_day_has_its_limit_and_one_key_asks_once(counter: Counter) -> None:
    anna = await counter.member(1_000)
    body = {"reward": "cash", "units": 2, "payee": PAYEE}
    answers = await asyncio.gather(*(counter.post(anna, "payouts", body, key="once") for _ in range(6)))
    assert len({answer.content for answer in answers}) == 1
    other = await counter.post(anna, "payouts", body | {"payee": {"holder": "B", "account": "40817"}}, key="once")
    assert other.status_code == 422, "another payee is another request"
    answers = await asyncio.gather(*(counter.post(anna, "payouts", body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422]
    assert await counter.wallet(anna) == (1_000, 600, 400)
    exported = (await counter.get(anna, "export"))["payouts"]
    assert [(each["holder"], each["account"]) for each in exported] == [("Anna Kovaleva", IBAN.replace(" ", ""))] * 2
    listed = await counter.get(anna, "payouts?limit=1")
    older = await counter.get(anna, f"payouts?limit=1&cursor={listed['next']}")
    assert len({listed["payouts"][0]["id"], older["payouts"][0]["id"]}) == 2
    kept = await fetch(counter.services, "SELECT body, outcome FROM idempotency_key")
    assert all(b"DE89" not in text and b"Kovaleva" not in text for row in kept for text in row)


async def test_of_two_who_decide_at_once_one_does(counter: Counter, bureau: Bureau) -> None:
    anna = await counter.member(1_000)
    other = Bureau(bureau.client, await counter.shop.staff("owner"))
    asked = await ask(counter, anna)
    answers = await asyncio.gather(
        *(who.decide(asked, approved=approved) for who in (bureau, other) for approved in (True, False, True)),
        counter.post(anna, f"redemptions/{asked['id']}/cancellation"),
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 6
    spent = await state(counter, anna, asked) == "approved"
    assert await counter.wallet(anna) == ((800, 800, 0) if spent else (1_000, 1_000, 0))


async def test_each_payout_is_exported_once_while_others_are_approved(counter: Counter, bureau: Bureau) -> None:
    members = [await counter.member(200) for _ in range(12)]
    asked = [await ask(counter, member) for member in members]
    await asyncio.gather(*(bureau.decide(each, approved=True) for each in asked[:6]))
    other = Bureau(bureau.client, await counter.shop.staff("owner"))
    answers = await asyncio.gather(
        *(who.post("payout-batches") for who in (bureau, other) * 3),
        *(bureau.decide(each, approved=True) for each in asked[6:]),
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    await bureau.post("payout-batches")
    batches = (await bureau.get("payout-batches"))["batches"]
    assert sum(batch["payouts"] for batch in batches) == 12
    lines = [line for batch in batches for line in (await bureau.file(batch)).decode("utf-8-sig").splitlines()[1:]]
    assert sorted(line.split(",")[0] for line in lines) == sorted(each["id"] for each in asked)
    settled = await asyncio.gather(*(bureau.settle(asked[0], paid=paid) for paid in (True, False, True, False)))
    assert sorted(answer.status_code for answer in settled) == [201, 409, 409, 409]


async def test_an_export_that_dies_leaves_everything_to_the_next(counter: Counter, bureau: Bureau) -> None:
    asked = await ask(counter, await counter.member(200))
    await bureau.decide(asked, approved=True)
    async with counter.services.database.write() as session:
        assert (await export_payouts(session, actor="staff:test", now=counter.services.clock())).payouts == 1
    assert (await bureau.export())["payouts"] == 1
    assert len((await bureau.get("payout-batches"))["batches"]) == 1


async def test_a_batch_is_paid_but_for_what_failed(counter: Counter, bureau: Bureau) -> None:
    members = [await counter.member(200) for _ in range(4)]
    asked = [await ask(counter, member) for member in members]
    for each in asked:
        await bureau.decide(each, approved=True)
    batch = await bureau.export()
    await bureau.settle(asked[0], paid=False)
    path = f"payout-batches/{batch['batch_id']}/settlement"
    answers = await asyncio.gather(
        *(bureau.post(path) for _ in range(3)), *(bureau.settle(asked[1], paid=False) for _ in range(3))
    )
    failed = sum(answer.status_code == 201 for answer in answers[3:])
    assert sum(answer.json()["paid"] for answer in answers[:3]) == 3 - failed
    states = [await state(counter, member, each) for member, each in zip(members, asked, strict=True)]
    assert states == ["failed", "failed" if failed else "paid", "paid", "paid"]


async def test_a_holder_that_looks_like_a_formula_is_text(counter: Counter, bureau: Bureau) -> None:
    anna = await counter.member(200)
    asked = await ask(counter, anna, payee={"holder": "=cmd|' /C calc'!A0", "account": "40817/1"})
    await bureau.decide(asked, approved=True)
    text = (await bureau.file(await bureau.export())).decode("utf-8-sig")
    assert text.splitlines()[1] == f"{asked['id']},'=cmd|' /C calc'!A0,,40817/1,1000,RUB"


async def test_a_merge_frees_what_was_asked_for_and_keeps_what_was_approved(counter: Counter, bureau: Bureau) -> None:
    card, anna = await counter.member(400), await counter.member()
    asked, approved = await ask(counter, card), await ask(counter, card)
    await bureau.decide(approved, approved=True)
    async with counter.services.database.write() as session:
        await merge_members(
            session, source_id=card, target_id=anna, actor="staff:test", reason="same", now=counter.services.clock()
        )
        await session.commit()
    assert [await state(counter, anna, each) for each in (asked, approved)] == ["cancelled", "approved"]
    assert await counter.wallet(anna) == (200, 200, 0)
    await bureau.export()
    assert (await bureau.settle(approved, paid=False)).status_code == 201
    assert await counter.wallet(anna) == (400, 400, 0)


async def test_whoever_is_owed_money_is_erased_after_it_was_settled(counter: Counter, bureau: Bureau) -> None:
    anna = await counter.member(1_000)
    paid, waiting = await ask(counter, anna), await ask(counter, anna)
    await bureau.decide(paid, approved=True)
    with pytest.raises(PayoutOwedError) as refused:
        await _erase(counter, anna)
    assert refused.value.facts["payouts"] == [paid["id"]]
    batch = await bureau.export()
    await bureau.settle(paid, paid=True)
    await _erase(counter, anna)
    assert (await bureau.get(f"payouts/{waiting['id']}"))["payout"]["state"] == "cancelled"
    assert await fetch(counter.services, "SELECT 1 FROM payout_payee") == []
    text = (await bureau.file(batch)).decode("utf-8-sig")
    assert text.splitlines()[1:] == [f"{paid['id']},,,,1000,RUB"]


async def _erase(counter: Counter, member_id: int) -> None:
    async with counter.services.database.write() as session:
        await erase_member(session, member_id, actor="staff:test", reason="asked", now=counter.services.clock())
        await session.commit()
