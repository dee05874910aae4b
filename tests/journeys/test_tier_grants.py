"""A tier by hand: at least this one, until its last day or for good, and what is earned counts on meanwhile."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.services import Services
from loyalty.members.ids import member_public_id
from tests.clocks import MovableClock
from tests.journeys.test_tiers import APRIL, MONTHS, TIERS, changes, code
from tests.journeys.tills import line
from tests.programmes import programme, publish, rate
from tests.scenarios.checkout import Checkout
from tests.shop import Shop

GRANT = {"tier": "gold", "last_day": "2026-03-10", "reason": "vip"}


class Office:
    """A member, and staff who give tiers by hand."""

    def __init__(self, checkout: Checkout, member: int, headers: dict[str, str]) -> None:
        self.checkout = checkout
        self.member = member
        self.headers = headers

    async def grants(self, **more: Any) -> httpx.Response:
        return await self._send("PUT", GRANT | more)

    async def ends(self) -> httpx.Response:
        return await self._send("DELETE", None)

    async def tier(self) -> dict[str, Any]:
        path = f"/v1/admin/members/{member_public_id(self.member)}/tier"
        answer = await self.checkout.client.get(path, headers=self.headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def _send(self, method: str, body: dict[str, Any] | None) -> httpx.Response:
        path = f"/v1/admin/members/{member_public_id(self.member)}/tier/grant"
        return await self.checkout.client.request(method, path, json=body, headers=self.headers)


@pytest.fixture
async def office(services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock) -> Office:
    checkout = Checkout(services, client, shop, clock)
    await checkout.open_with(rate(), tiers=TIERS, tier_settings=MONTHS)
    return Office(checkout, await checkout.member(), await shop.staff("owner"))


async def test_a_grant_holds_through_its_last_day_and_what_was_earned_meanwhile_stands(office: Office) -> None:
    granted = await office.grants()
    assert (granted.status_code, granted.json()["until"]) == (200, "2026-03-10T21:00:00Z")
    told = await office.tier()
    assert (told["tier"]["code"], told["retained_until"], told["falls_to"]) == (
        "gold",
        "2026-03-10T21:00:00Z",
        "bronze",
    )
    await office.checkout.sells(office.member, line(amount_minor=10_000))
    assert (await office.tier())["falls_to"] == "silver"
    await office.checkout.move_to(datetime(2026, 3, 10, 21, tzinfo=UTC) - timedelta(microseconds=1))
    assert await code(office.checkout, office.member) == "gold"
    await office.checkout.move_to(datetime(2026, 3, 10, 21, tzinfo=UTC))
    assert await code(office.checkout, office.member) == "silver"
    await office.checkout.run_job("sweep-tiers")
    assert [cause for *_, cause in await changes(office.checkout)] == ["enrolment", "manual", "time"]


async def test_a_grant_without_an_end_is_the_members_own_floor(office: Office) -> None:
    assert (await office.grants(tier="silver", last_day=None)).json()["until"] is None
    await office.checkout.sells(office.member, line(amount_minor=20_000))
    await office.checkout.move_to(APRIL)
    assert await code(office.checkout, office.member) == "silver"
    office.headers = await office.checkout.shop.staff("owner")
    ended = await office.ends()
    assert ended.status_code == 204
    assert await code(office.checkout, office.member) == "bronze"
    assert (await office.ends()).json()["code"] == "grant_not_found"


async def test_a_grant_pays_no_entry_bonus(office: Office) -> None:
    await office.grants(tier="silver")
    assert await office.checkout.balance(office.member) == 0


async def test_a_grant_twice_is_one_change(office: Office) -> None:
    await office.grants()
    await office.grants(reason="again")
    assert [cause for *_, cause in await changes(office.checkout)] == ["enrolment", "manual"]


@pytest.mark.parametrize(
    ("more", "status", "problem"),
    [
        ({"tier": "platinum"}, 422, "tier_not_found"),
        ({"last_day": "2026-03-01"}, 422, "grant_day_impossible"),
        ({"last_day": "0001-01-01"}, 422, "grant_day_impossible"),
        ({"last_day": "9999-12-31"}, 422, "grant_day_impossible"),
        ({"last_day": "tomorrow"}, 400, None),
        ({"reason": "Because of Anna"}, 400, None),
        ({"more": 1}, 400, None),
    ],
)
async def test_what_cannot_be_granted_is_refused(
    office: Office, more: dict[str, Any], status: int, problem: str | None
) -> None:
    refused = await office.grants(**more)
    assert refused.status_code == status, refused.text
    assert problem is None or refused.json()["code"] == problem


async def test_without_tiers_that_are_earned_there_is_nothing_to_grant(office: Office) -> None:
    by_hand = [{"code": "gold", "names": {"en": "Gold"}}]
    await publish(office.checkout.services, programme(rate(), tiers=by_hand))
    assert (await office.grants()).json()["code"] == "tiers_not_earned"


async def test_a_grant_is_on_record(office: Office) -> None:
    await office.grants(note="Asked for by phone.")
    answer = await office.checkout.client.get("/v1/admin/audit-entries", headers=office.headers)
    (entry,) = [entry for entry in answer.json()["entries"] if entry["action"] == "member.tier_granted"]
    assert (entry["reason"], entry["after"]["grant"]["tier"], entry["after"]["note"]) == (
        "vip",
        "gold",
        "Asked for by phone.",
    )
