"""A shop with rewards, and members who have something to spend: what journeys of rewards share."""

import itertools
from typing import Any

import httpx

from api.services import Services
from kernel.database import driver
from loyalty.ledger.earning import Grant, earn
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.opening import open_account
from loyalty.ledger.writing import write_accounts
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.policies import ExpiryPolicy
from tests.api.callers import member_headers
from tests.programmes import POINTS, programme
from tests.shop import Shop

STAMPS = {"code": "stamps", "names": {"en": {"one": "stamp", "other": "stamps"}}}
_keys = itertools.count(1)


def reward(code: str, points: int = 100, *, kind: str = "gift", **more: Any) -> dict[str, Any]:
    """A reward for ``points``; ``effect`` may say more than its kind."""
    effect = {"kind": kind, **more.pop("effect", {})}
    prices = [{"points": points}] if points else []
    return {"code": code, "names": {"en": code}, "effect": effect, "prices": prices, **more}


def discount(code: str, points: int = 100, *, share_bp: int = 1_000, **more: Any) -> dict[str, Any]:
    """A percentage discount."""
    return reward(
        code, points, kind="percent_discount", effect={"share_bp": share_bp, **more.pop("effect", {})}, **more
    )


def payout(code: str, points: int = 100, *, amount_minor: int = 500, **effect: int) -> dict[str, Any]:
    """Money: ``amount_minor`` for ``points``, up to five times at once."""
    return reward(code, points, kind="payout", effect={"amount_minor": amount_minor, "maximum_units": 5, **effect})


def with_rewards(*rewards: dict[str, Any], **more: Any) -> ProgrammeDocument:
    """A programme with points and stamps."""
    return programme(wallets=[POINTS, STAMPS], rewards=list(rewards), **more)


class Counter:
    """Members and their phones."""

    def __init__(self, services: Services, client: httpx.AsyncClient, shop: Shop) -> None:
        self.services, self.client, self.shop = services, client, shop

    async def member(self, points: int = 0, **wallets: int) -> int:
        """A new member with points, and with those of other ``wallets``."""
        member_id = await self.shop.member()
        await self.give(member_id, points=points, **wallets)
        return member_id

    async def give(self, member_id: int, **wallets: int) -> None:
        """Points that never expire."""
        now = self.services.clock()
        async with self.services.database.write() as session:
            connection = await driver(session)
            account = await open_account(connection, member_id, now=now)
            grants = [Grant(wallet, points, now, ExpiryPolicy()) for wallet, points in wallets.items() if points]
            earn(account, grants, Act(Cause("adjustment", 0), "system", now, now), source="adjusted", kind="adjusted")
            await write_accounts(connection, [account])
            await session.commit()

    async def get(self, member_id: int, path: str) -> Any:
        answer = await self.client.get(f"/v1/me/{path}", headers=await member_headers(self.shop, member_id))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(
        self, member_id: int, path: str, body: dict[str, Any] | None = None, *, key: str = ""
    ) -> httpx.Response:
        headers = {**await member_headers(self.shop, member_id), "Idempotency-Key": key or f"redeem-{next(_keys)}"}
        return await self.client.post(f"/v1/me/{path}", json=body, headers=headers)

    async def redeem(self, member_id: int, code: str) -> Any:
        """The member takes the reward; what was issued."""
        answer = await self.post(member_id, "redemptions", {"reward": code})
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def refusal(self, member_id: int, code: str) -> list[dict[str, Any]]:
        """Why the member cannot have it."""
        answer = await self.post(member_id, "redemptions", {"reward": code})
        assert answer.status_code == 422, answer.text
        reasons: list[dict[str, Any]] = answer.json()["reasons"]
        return reasons

    async def wallet(self, member_id: int, code: str = "points") -> tuple[int, int, int]:
        """Balance, available, held."""
        for wallet in (await self.get(member_id, "balance"))["wallets"]:
            if wallet["wallet"] == code:
                return wallet["balance"], wallet["available"], wallet["held"]
        return 0, 0, 0

    async def state(self, member_id: int, redemption: dict[str, Any]) -> str:
        state: str = (await self.get(member_id, f"redemptions/{redemption['id']}"))["state"]
        return state
