"""A business for tests: its stores, people and members, made through the domain and signed in over HTTP."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from api.services import Services
from loyalty import identities
from loyalty.cashiers import create_cashier
from loyalty.members.qr import barcode_digits, qr_text
from loyalty.members.registration import Newcomer, register_member
from loyalty.models import Person
from loyalty.staff import create_staff
from loyalty.stores import create_store
from loyalty.terminals import create_terminal, issue_terminal_key
from notifications.messages import latest_messages

PASSWORD = "a long made-up password"
PIN = "4815"


@dataclass(frozen=True)
class Till:
    """A terminal that is signed in."""

    terminal_id: str
    key_id: str
    key: str
    headers: dict[str, str]


class Shop:
    """Every method makes something new; ids count up within a test."""

    def __init__(self, services: Services, client: httpx.AsyncClient) -> None:
        self.services = services
        self.client = client
        self._numbers = itertools.count(1)

    async def store(self, store_id: str = "", *, zone: str = "Europe/Moscow", currency: str = "RUB") -> str:
        store_id = store_id or f"store-{next(self._numbers)}"
        async with self.services.database.write() as session:
            await create_store(
                session,
                store_id=store_id,
                name=f"Coffee at {store_id}",
                zone=zone,
                currency=currency,
                legal_entity="Coffee LLC",
                now=self.services.clock(),
            )
            await session.commit()
        return store_id

    async def till(
        self,
        *,
        store_id: str = "",
        kind: Literal["till", "web", "hub"] = "till",
        training: bool = False,
        acts_for: Sequence[str] = (),
    ) -> Till:
        """A terminal of the store (of a new one, when none is named), signed in with its key."""
        store_id = store_id or await self.store()
        terminal_id = f"till-{next(self._numbers)}"
        now = self.services.clock()
        async with self.services.database.write() as session:
            await create_terminal(
                session,
                terminal_id=terminal_id,
                store_id=store_id,
                name=terminal_id,
                kind=kind,
                training=training,
                acts_for=acts_for,
                now=now,
            )
            key = await issue_terminal_key(session, terminal_id=terminal_id, label="test", now=now)
            await session.commit()
        answer = await self.client.post("/v1/pos/sessions", json={"key": key.secret})
        assert answer.status_code == 201, answer.text
        return Till(terminal_id, key.key_id, key.secret, bearer(answer.json()["access_token"]))

    async def cashier(self, cashier_id: str = "", *, store_id: str | None = None, pin: str = PIN) -> str:
        cashier_id = cashier_id or f"cashier-{next(self._numbers)}"
        async with self.services.database.write() as session:
            await create_cashier(
                session,
                cashier_id=cashier_id,
                store_id=store_id,
                name="Vera",
                pin=pin,
                now=self.services.clock(),
            )
            await session.commit()
        return cashier_id

    async def member(self, *, phone: str = "", card: str = "", email: str = "", name: str = "Anna Kovaleva") -> int:
        """A new member's number; with a new phone unless another identity is given."""
        known_by = [identities.card(card)] if card else []
        known_by += [identities.email(email)] if email else []
        if phone or not known_by:
            known_by.append(identities.phone(phone or f"+7999{next(self._numbers):07}", region=None))
        newcomer = Newcomer(identities=tuple(known_by), language="en", zone="Europe/Moscow", name=name)
        async with self.services.database.write() as session:
            registration = await register_member(
                session, newcomer, lookup_key=self.services.lookup_key, now=self.services.clock()
            )
            await session.commit()
        assert registration.created
        return registration.member_id

    async def staff(self, *roles: str) -> dict[str, str]:
        """Headers of a signed-in person with these roles."""
        address = f"staff{next(self._numbers)}@example.com"
        async with self.services.database.write() as session:
            await create_staff(
                session,
                email=address,
                name="Boris",
                password=PASSWORD,
                roles=roles,
                now=self.services.clock(),
            )
            await session.commit()
        answer = await self.client.post("/v1/admin/sessions", json={"email": address, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        return bearer(answer.json()["access_token"])

    async def phone_session(self, phone: str) -> dict[str, Any]:
        """Sign a member's phone in with a one-time code; the answer with its tokens."""
        sent = await self.client.post("/v1/auth/codes", json={"phone": phone})
        assert sent.status_code == 202, sent.text
        code_id = sent.json()["code_id"]
        body = {"code_id": code_id, "code": await self.last_code(), "phone": phone}
        answer = await self.client.post("/v1/auth/sessions", json=body)
        assert answer.status_code == 201, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens

    async def last_code(self) -> str:
        """The code in the message that was written last."""
        async with self.services.database.read() as session:
            (message,) = await latest_messages(session, limit=1)
        return "".join(character for character in message.body if character.isdigit())

    async def qr(self, member_id: int) -> str:
        """What the member's phone shows now."""
        return qr_text(member_id, await self._qr_secret(member_id), at=self.services.clock())

    async def barcode(self, member_id: int) -> str:
        """The same for laser scanners."""
        return barcode_digits(member_id, await self._qr_secret(member_id), at=self.services.clock())

    async def _qr_secret(self, member_id: int) -> str:
        async with self.services.database.read() as session:
            person = await session.get_one(Person, member_id)
        assert person.qr_secret is not None
        return person.qr_secret


def bearer(token: str) -> dict[str, str]:
    """The header that presents ``token``."""
    return {"Authorization": f"Bearer {token}"}
