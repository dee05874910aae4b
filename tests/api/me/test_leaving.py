"""Taking one's data away, and going for good."""

from datetime import timedelta

import httpx
import pytest

from api.delivering import Outbox
from api.services import Services
from api.subscriptions import REACTIONS
from kernel.database import driver
from loyalty import identities
from loyalty.members.attaching import attach_identity
from loyalty.members.ids import MemberNotFoundError, member_public_id
from loyalty.members.leaving import end_membership
from loyalty.members.registration import holder_of
from notifications.messages import KEPT_FOR, forget_old_messages, latest_messages
from tests.clocks import MovableClock
from tests.journeys.billing import Billing
from tests.journeys.counter import Counter, reward, with_rewards
from tests.journeys.tills import done, fetch, sale
from tests.loyalty.actions.making import action
from tests.programmes import publish
from tests.shop import Shop, bearer

PHONE = "+79990000001"


async def test_a_member_takes_everything_away(services: Services, client: httpx.AsyncClient, shop: Shop) -> None:
    await publish(services)
    till, member_id = await shop.till(), await shop.member(phone=PHONE)
    bought = await done(client, till, "purchases", sale(member={"id": member_public_id(member_id)}))
    me = bearer((await shop.phone_session(PHONE))["access_token"])
    answer = await client.get("/v1/me/export", headers=me)
    data = answer.json()
    assert answer.headers["content-disposition"].startswith("attachment")
    assert data["profile"]["name"] == "Anna Kovaleva"
    assert [entry["points"] for entry in data["history"]] == [100]
    assert [purchase["id"] for purchase in data["purchases"]] == [bought["id"]]
    assert len(data["phones"]) == 1
    assert [message["address"] for message in data["messages"]] == [PHONE], "the code of the sign-in"


async def test_what_they_had_from_the_programme_is_in_it_too(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    tiers = [
        {"code": "bronze", "names": {"en": "Bronze"}},
        {"code": "silver", "names": {"en": "Silver"}, "thresholds": {"spend_minor": 1_000}},
    ]
    friends = {"actions": [action("friend", "referral")], "referrals": {"action": "friend"}}
    await publish(services, with_rewards(reward("mug", 10), tiers=tiers, **friends))
    counter, anna, boris = Counter(services, client, shop), await shop.member(), await shop.member()
    await done(client, await shop.till(), "purchases", sale(member={"id": member_public_id(anna)}))
    await counter.redeem(anna, "mug")
    await (await Billing.of(shop)).registers(anna, "2026-1")
    code = (await counter.get(anna, "referral-code"))["code"]
    assert (await counter.post(boris, "referral", {"code": code})).status_code == 201
    data = await counter.get(anna, "export")
    assert [(each["reward"], each["state"]) for each in data["redemptions"]] == [("mug", "issued")]
    assert [each["number"] for each in data["invoices"]] == ["2026-1"]
    assert (data["tier"]["tier"]["code"], len(data["tier"]["history"])) == ("silver", 2)
    assert (data["referrals"]["codes"], len(data["referrals"]["friends"])) == ([code], 1)
    assert [each["state"] for each in (await counter.get(boris, "export"))["referrals"]["brought"]] == ["registered"]
    headers = await shop.staff("owner")
    answer = await client.get(f"/v1/admin/members/{member_public_id(anna)}/export", headers=headers)
    assert answer.json()["redemptions"] == data["redemptions"]
    async with services.database.write() as session:
        await end_membership(session, anna, actor="staff:x", reason="asked", now=services.clock())
        await session.commit()
    assert await fetch(services, "SELECT code FROM referral_code") == []


async def test_who_has_just_signed_in_can_leave_for_good(
    services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    await publish(services)
    till, member_id = await shop.till(), await shop.member(phone=PHONE, card="290000001234")
    member = {"id": member_public_id(member_id)}
    await done(client, till, "purchases", sale(member=member))
    tokens = await shop.phone_session(PHONE)
    me = bearer(tokens["access_token"])
    await client.post("/v1/me/codes", headers=me, json={"email": "anna@example.com"})
    before = await _sums(services)
    assert (await client.delete("/v1/me", headers=me)).status_code == 204
    clock.advance(seconds=3)
    assert (await client.get("/v1/me", headers=me)).status_code == 401
    refreshed = await client.post("/v1/auth/refreshes", json={"refresh_token": tokens["refresh_token"]})
    assert refreshed.status_code == 403
    assert (await client.post("/v1/pos/lookups", headers=till.headers, json={"phone": PHONE})).status_code == 404
    assert await _sums(services) == {**before, "member": before["member"] - 100, "forfeited": 100}
    outbox = Outbox(services.database, REACTIONS, clock=services.clock)
    await outbox.spread()
    for partition in await outbox.waiting():
        await outbox.deliver(partition)
    async with services.database.read() as session:
        assert await latest_messages(session, limit=10) == []


async def test_a_phone_that_signed_in_long_ago_must_sign_in_again_to_leave(
    client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    tokens = await shop.phone_session(PHONE)
    clock.advance(minutes=11)
    refreshed = await client.post("/v1/auth/refreshes", json={"refresh_token": tokens["refresh_token"]})
    me = bearer(refreshed.json()["access_token"])
    refused = await client.delete("/v1/me", headers=me)
    assert (refused.status_code, refused.json()["code"]) == (403, "recent_sign_in_needed")
    assert (await client.get("/v1/me", headers=me)).status_code == 200
    again = bearer((await shop.phone_session(PHONE))["access_token"])
    assert (await client.delete("/v1/me", headers=again)).status_code == 204


async def test_nothing_is_attached_to_somebody_who_has_just_left(
    services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    """Processes may not know for two seconds that the phone's token is refused."""
    await shop.member(phone=PHONE)
    me = bearer((await shop.phone_session(PHONE))["access_token"])
    assert (await client.delete("/v1/me", headers=me)).status_code == 204
    for path, body in (("identities", {"card": "290000001234"}), ("codes", {"phone": PHONE})):
        answer = await client.post(f"/v1/me/{path}", headers=me, json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "member_not_found")
    assert await fetch(services, "SELECT FROM person_identity UNION ALL SELECT FROM identity") == []
    clock.advance(seconds=3)
    assert (await shop.phone_session(PHONE))["created"] is True


async def test_a_sign_in_that_an_erasure_overtakes_leaves_nothing(services: Services, shop: Shop) -> None:
    member_id, address, now = await shop.member(phone=PHONE), identities.phone(PHONE, region=None), services.clock()
    async with services.database.write() as signing_in:
        held = await holder_of(signing_in, address, lookup_key=services.lookup_key)
        assert held is not None
        async with services.database.write() as leaving:
            await end_membership(leaving, member_id, actor="staff:x", reason="asked", now=now)
            await leaving.commit()
        with pytest.raises(MemberNotFoundError):
            await attach_identity(
                signing_in, member_id, address, verified=True, lookup_key=services.lookup_key, now=now
            )
    assert (await shop.phone_session(PHONE))["created"] is True


async def test_messages_are_not_kept_for_longer_than_a_day(services: Services, shop: Shop) -> None:
    await shop.phone_session(PHONE)
    for age, left in ((timedelta(), 1), (KEPT_FOR, 1), (KEPT_FOR + timedelta(seconds=1), 0)):
        async with services.database.write() as session:
            await forget_old_messages(session, now=services.clock() + age)
            await session.commit()
        async with services.database.read() as session:
            assert len(await latest_messages(session, limit=10)) == left


async def _sums(services: Services) -> dict[str, int]:
    """Points by account of the journal."""
    statement = """
    SELECT account, sum(points)::bigint AS points FROM (
        SELECT credit AS account, amount AS points FROM journal UNION ALL SELECT debit, -amount FROM journal
    ) AS sides GROUP BY account
    """
    async with services.database.read() as session:
        return {row["account"]: row["points"] for row in await (await driver(session)).fetch(statement)}
