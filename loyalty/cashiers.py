"""People at the tills: made, given a new PIN, gone."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlmodel import col, select

from kernel.database import ReadSession, WriteSession
from kernel.errors import ConflictError, NotFoundError, UnprocessableError
from loyalty.access.lockout import CredentialsRefusedError
from loyalty.access.passwords import hash_secret
from loyalty.access.revocations import revoke_tokens
from loyalty.codes import checked_code
from loyalty.models import Cashier
from loyalty.stores import read_store

_PIN: Final = re.compile(r"[0-9]{4,12}\Z", re.ASCII)


class CashierNotFoundError(NotFoundError):
    """No such cashier."""

    code = "cashier_not_found"
    title = "There is no such cashier."


class CashierExistsError(ConflictError):
    """The id is taken, and ids are never used again: ledger entries name them."""

    code = "cashier_exists"
    title = "There is a cashier with this id already."


class InvalidPinError(UnprocessableError):
    """Not a PIN."""

    code = "invalid_pin"
    title = "A PIN has 4 to 12 digits."


async def create_cashier(
    session: WriteSession, *, cashier_id: str, store_id: str | None, name: str, pin: str, now: datetime
) -> Cashier:
    """A new cashier of one store, or of all (``store_id`` None)."""
    if store_id is not None:
        await read_store(session, store_id)
    if await _find(session, cashier_id) is not None:
        raise CashierExistsError(cashier_id=cashier_id)
    cashier = Cashier(
        cashier_id=checked_code(cashier_id, "cashier_id"),
        store_id=store_id,
        name=name,
        pin_hash=await _hashed(pin),
        created_at=now,
    )
    session.add(cashier)
    await session.flush()
    return cashier


async def read_cashier(session: ReadSession, cashier_id: str) -> Cashier:
    cashier = await _find(session, cashier_id)
    if cashier is None:
        raise CashierNotFoundError(cashier_id=cashier_id)
    return cashier


async def list_cashiers(
    session: ReadSession, *, store_id: str | None, after: str | None, limit: int
) -> Sequence[Cashier]:
    """``limit`` cashiers by id, those who left too, those behind ``after``; of one store when it is named."""
    statement = select(Cashier).order_by(col(Cashier.cashier_id)).limit(limit)
    if store_id is not None:
        statement = statement.where(col(Cashier.store_id) == store_id)
    if after is not None:
        statement = statement.where(col(Cashier.cashier_id) > after)
    return (await session.exec(statement)).all()


async def cashier_at_store(session: ReadSession, cashier_id: str, *, store_id: str) -> Cashier:
    """The active cashier who may work in this store. Raises ``CredentialsRefusedError`` for any other."""
    cashier = await _find(session, cashier_id)
    if cashier is None or cashier.status != "active" or cashier.store_id not in (None, store_id):
        raise CredentialsRefusedError
    return cashier


async def reset_pin(session: WriteSession, cashier_id: str, *, pin: str, now: datetime) -> None:
    """A new PIN, which also ends a lock-out. Who signed in with the old one is signed out."""
    cashier = await read_cashier(session, cashier_id)
    cashier.pin_hash = await _hashed(pin)
    cashier.failed_attempts = 0
    cashier.locked_until = None
    session.add(cashier)
    await revoke_tokens(session, f"cashier:{cashier_id}", now=now)


async def dismiss_cashier(session: WriteSession, cashier_id: str, *, now: datetime) -> None:
    """The cashier cannot sign in any more and is signed out. What they sold keeps their id."""
    cashier = await read_cashier(session, cashier_id)
    cashier.status = "left"
    session.add(cashier)
    await revoke_tokens(session, f"cashier:{cashier_id}", now=now)


async def _hashed(pin: str) -> str:
    if not _PIN.match(pin):
        raise InvalidPinError
    return await hash_secret(pin)


async def _find(session: ReadSession, cashier_id: str) -> Cashier | None:
    return (await session.exec(select(Cashier).where(col(Cashier.cashier_id) == cashier_id))).one_or_none()
