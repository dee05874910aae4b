"""Stores: where sales happen, in which zone and currency."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

from msgspec import UNSET, Struct, UnsetType
from sqlmodel import col, select

from kernel.database import ReadSession, WriteSession
from kernel.errors import ConflictError, ForbiddenError, NotFoundError, UnprocessableError
from loyalty.access.revocations import revoke_tokens
from loyalty.codes import checked_code
from loyalty.members.profile import checked_zone
from loyalty.models import Store

_CURRENCY: Final = re.compile(r"[A-Z]{3}\Z", re.ASCII)


class StoreNotFoundError(NotFoundError):
    """No such store."""

    code = "store_not_found"
    title = "There is no such store."


class StoreExistsError(ConflictError):
    """The id is taken, and ids are never used again: receipts name them."""

    code = "store_exists"
    title = "There is a store with this id already."


class StoreClosedError(ForbiddenError):
    """Nobody signs in at a closed store. Its receipts stay, and its goods are taken back elsewhere."""

    code = "store_closed"
    title = "The store is closed."


class InvalidCurrencyError(UnprocessableError):
    """Not an ISO 4217 code."""

    code = "invalid_currency"
    title = "A currency is three capital letters (ISO 4217)."


class StoreChanges(Struct, frozen=True, kw_only=True):
    """What is to be changed; what is left out stays. A store's currency never changes: its receipts are in it."""

    name: str | UnsetType = UNSET
    zone: str | UnsetType = UNSET
    legal_entity: str | UnsetType = UNSET
    status: Literal["open", "closed"] | UnsetType = UNSET


async def create_store(
    session: WriteSession,
    *,
    store_id: str,
    name: str,
    zone: str,
    currency: str,
    legal_entity: str,
    now: datetime,
) -> Store:
    """A new, open store. ``zone`` is an IANA name and gives its receipts their local day."""
    if await _find(session, store_id) is not None:
        raise StoreExistsError(store_id=store_id)
    if not _CURRENCY.match(currency):
        raise InvalidCurrencyError(currency=currency)
    store = Store(
        store_id=checked_code(store_id, "store_id"),
        name=name,
        zone=checked_zone(zone),
        currency=currency,
        legal_entity=legal_entity,
        created_at=now,
    )
    session.add(store)
    await session.flush()
    return store


async def read_store(session: ReadSession, store_id: str) -> Store:
    store = await _find(session, store_id)
    if store is None:
        raise StoreNotFoundError(store_id=store_id)
    return store


async def lock_store(session: WriteSession, store_id: str) -> Store:
    """The store, as it stays until the transaction ends. Raises ``StoreNotFoundError``."""
    statement = select(Store).where(col(Store.store_id) == store_id).with_for_update(key_share=True)
    store = (await session.exec(statement)).one_or_none()
    if store is None:
        raise StoreNotFoundError(store_id=store_id)
    return store


async def read_open_store(session: ReadSession, store_id: str) -> Store:
    """A store where somebody signs in. Raises ``StoreNotFoundError`` and ``StoreClosedError``."""
    store = await read_store(session, store_id)
    if store.status != "open":
        raise StoreClosedError(store_id=store_id)
    return store


async def list_stores(session: ReadSession, *, after: str | None, limit: int) -> Sequence[Store]:
    """``limit`` stores by id, those behind ``after``."""
    statement = select(Store).order_by(col(Store.store_id)).limit(limit)
    if after is not None:
        statement = statement.where(col(Store.store_id) > after)
    return (await session.exec(statement)).all()


async def change_store(session: WriteSession, store_id: str, changes: StoreChanges, *, now: datetime) -> Store:
    """Apply ``changes``. Another zone gives later receipts their local day; recorded ones keep theirs.

    Closing it ends the tokens of its terminals, and of the hubs that act for them: these sign in again without it.
    """
    store = await read_store(session, store_id)
    was_open = store.status == "open"
    if changes.name is not UNSET:
        store.name = changes.name
    if changes.zone is not UNSET:
        store.zone = checked_zone(changes.zone)
    if changes.legal_entity is not UNSET:
        store.legal_entity = changes.legal_entity
    if changes.status is not UNSET:
        store.status = changes.status
    session.add(store)
    await session.flush()
    if was_open and store.status != "open":
        await revoke_tokens(session, f"store:{store_id}", now=now)
    return store


async def _find(session: ReadSession, store_id: str) -> Store | None:
    return (await session.exec(select(Store).where(col(Store.store_id) == store_id))).one_or_none()
