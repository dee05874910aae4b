"""What billing tells, in tests."""

import itertools
from typing import Any

import httpx

from loyalty.access.keys import issue_key
from loyalty.access.scopes import Scope
from loyalty.members.ids import member_public_id
from tests.shop import Shop, bearer

_keys = itertools.count(1)


class Billing:
    """A billing system with its key."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self._client = client
        self._headers = headers

    @classmethod
    async def of(cls, shop: Shop) -> "Billing":
        services = shop.services
        async with services.database.write() as session:
            key = await issue_key(
                session, terminal_id=None, label="billing", scopes=[Scope.INVOICES_WRITE], now=services.clock()
            )
            await session.commit()
        return cls(shop.client, bearer(key.secret))

    async def posts(self, path: str, body: dict[str, Any], *, key: str | None = None) -> httpx.Response:
        """POST under ``key``, a new one by default."""
        headers = {**self._headers, "Idempotency-Key": key or f"billing-{next(_keys)}"}
        return await self._client.post(f"/v1/invoices{path}", json=body, headers=headers)

    async def reads(self, invoice_id: str) -> dict[str, Any]:
        answer = await self._client.get(f"/v1/invoices/{invoice_id}", headers=self._headers)
        assert answer.status_code == 200, answer.text
        invoice: dict[str, Any] = answer.json()
        return invoice

    async def registers(self, member_id: int, number: str, **more: Any) -> dict[str, Any]:
        return _done(await self.posts("", invoice(member_id, number, **more)))

    async def is_paid(self, invoice_id: str, amount_minor: int, paid_at: str, reference: str = "p1") -> dict[str, Any]:
        return _done(await self.posts(f"/{invoice_id}/payments", payment(amount_minor, paid_at, reference)))

    async def takes_back(self, path: str, reason: str = "bounced") -> dict[str, Any]:
        """A reversal or a cancellation: ``path`` says of what."""
        return _done(await self.posts(path, {"reason": reason}))


def invoice(member_id: int, number: str = "2026-0001", **more: Any) -> dict[str, Any]:
    """An invoice over 1,000.00 that was due at the end of February."""
    return {
        "member": {"id": member_public_id(member_id)},
        "source": "billing",
        "number": number,
        "amount_minor": 100_000,
        "currency": "RUB",
        "issued_on": "2026-02-01",
        "due_on": "2026-02-28",
        **more,
    }


def payment(amount_minor: int, paid_at: str, reference: str = "p1") -> dict[str, Any]:
    return {"reference": reference, "amount_minor": amount_minor, "paid_at": paid_at}


def _done(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document
