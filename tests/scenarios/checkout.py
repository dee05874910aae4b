"""A business that plays a scenario: its programme, one till, and members who buy, spend and bring goods back."""

import itertools
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import httpx

from api.schedule import SCHEDULE
from api.security.access import issue_member_access, issue_staff_access
from api.services import Services
from loyalty.members.ids import member_public_id
from loyalty.models import Staff
from tests.clocks import MovableClock
from tests.journeys.tills import basket, done, send
from tests.programmes import fixed, programme, publish, rate
from tests.shop import Shop, Till, bearer
from tests.worker.delivered import deliver_everything

Line = dict[str, Any]
Answer = dict[str, Any]

_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_OWNER: Final = Staff(staff_id="owner", email="", name="", password_hash="", roles=["owner"], created_at=_EVER)
"""Nobody signs in for this: the tokens of staff and members are made when they are needed, at the clock's time."""


class Row(NamedTuple):
    """A journal entry: why the balance changed, and by how much."""

    kind: str
    points: int


def spending(minor: int = 1, *, points: int = 1, **more: Any) -> dict[str, Any]:
    """Spending settings: ``points`` are worth ``minor`` minor units. The card alone is proof enough here."""
    return {"value": {"points": points, "minor": minor}, "needs_proof": False, **more}


def on_sku(sku: str, rule: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The rule, for lines of one SKU only."""
    return {**rule, "lines": {"skus": [sku]}, **more}


def lot(sku: str, points: int, *, last_day: str = "") -> dict[str, Any]:
    """A rule by which an item pays ``points`` that live through ``last_day``, or for ever."""
    expiry = {"expiry": {"kind": "on_date", "last_day": last_day}} if last_day else {}
    return on_sku(sku, fixed(sku, points), **expiry)


class Checkout:
    """Everything happens over HTTP, at the till, on the member's phone or in the office; only the programme is put in
    force directly.

    ``open_with`` comes first. Members are numbers; receipts count up by themselves.
    """

    def __init__(self, services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock) -> None:
        self.services = services
        self.client = client
        self.shop = shop
        self.clock = clock
        self.till: Till
        self._receipts = itertools.count(1)

    async def open_with(self, *rules: dict[str, Any], zone: str = "Europe/Moscow", **more: Any) -> None:
        """Publish a programme of ``rules`` (one point for each 1.00 by default) and sign a till in."""
        await publish(self.services, programme(*(rules or (rate(),)), **more))
        self.till = await self.shop.till(store_id=await self.shop.store(zone=zone))

    async def move_to(self, instant: datetime) -> None:
        """Let time pass. The till signs in again, since its token has expired meanwhile."""
        self.clock.set(instant)
        answer = await self.client.post("/v1/pos/sessions", json={"key": self.till.key})
        assert answer.status_code == 201, answer.text
        self.till = Till(self.till.terminal_id, self.till.key_id, self.till.key, bearer(answer.json()["access_token"]))

    async def describe(self, sku: str, *, category: str = "", tags: tuple[str, ...] = ()) -> None:
        """Staff put an item into the catalogue."""
        item = {"sku": sku, "names": {"en": sku}, "category": category, "tags": tags}
        await self._by_staff("PUT", "catalogue/items", {"items": [item]})

    async def member(self, points: int = 0) -> int:
        """A new member, who was given ``points``."""
        member_id = await self.shop.member()
        if points:
            await self.give(member_id, points)
        return member_id

    async def give(self, member_id: int, points: int) -> None:
        """Staff give points."""
        await self._by_staff("POST", f"members/{member_public_id(member_id)}/adjustments", {"points": points})

    async def block(self, member_id: int) -> None:
        """Staff block the member."""
        standing = {"earning_frozen": False, "spending_frozen": False, "blocked": True}
        await self._by_staff("PUT", f"members/{member_public_id(member_id)}/standing", standing)

    async def merge(self, source: int, target: int) -> None:
        """Staff make ``source`` part of ``target``."""
        body = {"source_id": member_public_id(source)}
        await self._by_staff("POST", f"members/{member_public_id(target)}/merges", body)

    async def sells(self, member_id: int | None, *lines: Line, **more: Any) -> Answer:
        """A completed sale; answers its receipt."""
        return await done(self.client, self.till, "purchases", self.sale(member_id, *lines, **more))

    async def sells_for_points(self, member_id: int, points: int, *lines: Line, **more: Any) -> Answer:
        """A sale of which ``points`` pay what they are worth: they are held, then captured."""
        hold = await self.holds(member_id, points, *lines, **more)
        return await self.sells(member_id, *lines, hold_id=hold["id"], **more)

    def sale(self, member_id: int | None, *lines: Line, **more: Any) -> Answer:
        """The body of a sale that happens now, under a receipt of its own."""
        now = self.clock().astimezone(UTC)
        receipt = {"number": f"r{next(self._receipts)}", "business_date": now.date().isoformat()}
        return {"receipt": receipt, "occurred_at": now.isoformat(), **_basket(member_id, *lines, **more)}

    async def quotes(self, member_id: int, *lines: Line, **more: Any) -> Answer:
        """What the basket would earn, and what may be spent on it."""
        return await done(self.client, self.till, "quotes", _basket(member_id, *lines, **more))

    async def holds(self, member_id: int, points: int, *lines: Line, **more: Any) -> Answer:
        """Points set aside for the basket."""
        return await done(self.client, self.till, "holds", _basket(member_id, *lines, points=points, **more))

    async def refuses_to_hold(self, member_id: int, points: int, *lines: Line) -> Answer:
        """The refusal of a hold: a problem document."""
        answer = await send(self.client, self.till, "holds", _basket(member_id, *lines, points=points))
        assert answer.is_client_error, answer.text
        problem: Answer = answer.json()
        return problem

    async def refunds(self, receipt: Answer, **quantities: str) -> Answer:
        """Goods of a sale come back: so much of each line, or everything."""
        return await done(self.client, self.till, "refunds", self.refund(receipt, **quantities))

    def refund(self, receipt: Answer, **quantities: str) -> Answer:
        """The body of a refund that happens now, under a receipt of its own."""
        now = self.clock().astimezone(UTC)
        return {
            "original": {"purchase_id": receipt["id"]},
            "lines": [{"id": line, "quantity": quantity} for line, quantity in quantities.items()],
            "receipt": {"number": f"r{next(self._receipts)}", "business_date": now.date().isoformat()},
            "occurred_at": now.isoformat(),
        }

    async def available(self, member_id: int) -> int:
        """What can be spent now."""
        points: int = (await self.wallet(member_id))["available"]
        return points

    async def balance(self, member_id: int) -> int:
        """The balance now, negative when points are owed."""
        points: int = (await self.wallet(member_id))["balance"]
        return points

    async def wallet(self, member_id: int) -> Answer:
        """Balance, available, pending, owed, expiring, as the member's phone shows them."""
        answer = await self._on_the_phone(member_id, "balance")
        wallet: Answer = answer["wallets"][0]
        return wallet

    async def history(self, member_id: int) -> list[Row]:
        """The member's entries as the phone shows them, the first one first."""
        entries = (await self._on_the_phone(member_id, "history"))["entries"]
        return [Row(entry["kind"], entry["points"]) for entry in reversed(entries)]

    async def tier(self, member_id: int) -> Answer:
        """The member's tier as the phone shows it."""
        return await self._on_the_phone(member_id, "tier")

    async def rewards(self, member_id: int) -> list[Answer]:
        """What the phone offers for points."""
        rewards: list[Answer] = (await self._on_the_phone(member_id, "rewards"))["rewards"]
        return rewards

    async def redemptions(self, member_id: int) -> list[Answer]:
        """The rewards that were issued, the last one first."""
        redemptions: list[Answer] = (await self._on_the_phone(member_id, "redemptions"))["redemptions"]
        return redemptions

    async def redeems(self, member_id: int, reward: str) -> Answer:
        """The member takes a reward; what was issued."""
        answer = await self._from_the_phone(member_id, "redemptions", {"reward": reward})
        assert answer.status_code == 201, answer.text
        issued: Answer = answer.json()
        return issued

    async def is_refused(self, member_id: int, reward: str) -> list[Answer]:
        """Why the member cannot have it."""
        answer = await self._from_the_phone(member_id, "redemptions", {"reward": reward})
        assert answer.status_code == 422, answer.text
        reasons: list[Answer] = answer.json()["reasons"]
        return reasons

    async def gives_back(self, member_id: int, issued: Answer) -> Answer:
        """The member gives what was issued back; the answer, a problem document where it was refused."""
        given: Answer = (await self._from_the_phone(member_id, f"redemptions/{issued['id']}/cancellation")).json()
        return given

    async def delivers(self) -> None:
        """The worker hears of all that has happened."""
        await deliver_everything(self.services)

    async def run_job(self, name: str) -> None:
        """What the worker does in its own time, now."""
        job = next(job for job in SCHEDULE if job.name == name)
        await job.run(self.services.database, self.services.clock)

    async def _by_staff(self, method: str, path: str, body: Answer) -> None:
        access = issue_staff_access(self.services.signing_keys, _OWNER, now=self.clock())
        reason = {} if "items" in body else {"reason": "test"}
        answer = await self.client.request(
            method, f"/v1/admin/{path}", json={**body, **reason}, headers=bearer(access.token)
        )
        assert answer.is_success, answer.text

    async def _from_the_phone(self, member_id: int, path: str, body: Answer | None = None) -> httpx.Response:
        access = issue_member_access(self.services.signing_keys, member_id, "phone", now=self.clock())
        return await self.client.post(f"/v1/me/{path}", json=body, headers=bearer(access.token))

    async def _on_the_phone(self, member_id: int, path: str) -> Answer:
        access = issue_member_access(self.services.signing_keys, member_id, "phone", now=self.clock())
        answer = await self.client.get(f"/v1/me/{path}", headers=bearer(access.token))
        assert answer.status_code == 200, answer.text
        document: Answer = answer.json()
        return document


def _basket(member_id: int | None, *lines: Line, **more: Any) -> Answer:
    member = {} if member_id is None else {"member": {"id": member_public_id(member_id)}}
    return basket(*lines, **member, **more)


def earned(receipt: Answer) -> int:
    """All points that a sale earned."""
    return sum(lot["points"] for lot in receipt["earned"])
