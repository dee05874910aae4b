"""Tills, web shops' checkouts and hubs: made, given keys, revoked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

from msgspec import UNSET, Struct, UnsetType
from sqlmodel import col, select, update

from kernel.database import ReadSession, WriteSession
from kernel.errors import ConflictError, NotFoundError, UnprocessableError
from loyalty.access.keys import IssuedKey, check_key, issue_key
from loyalty.access.lockout import CredentialsRefusedError
from loyalty.access.revocations import revoke_tokens
from loyalty.codes import checked_code
from loyalty.models import AccessKey, Store, Terminal
from loyalty.stores import read_store

MOST_CHARACTERS_ACTED_FOR: Final = 4_000
"""Of the ids of a hub's terminals and of their stores: they are written into every token of the hub."""
_AROUND_TERMINAL: Final = 3
_AROUND_STORE: Final = 16
"""What a token writes around an id of each: ``"",`` and ``["","till",["..."]],``."""


class TerminalNotFoundError(NotFoundError):
    """No such terminal."""

    code = "terminal_not_found"
    title = "There is no such terminal."


class TerminalExistsError(ConflictError):
    """The id is taken, and ids are never used again: receipts name them."""

    code = "terminal_exists"
    title = "There is a terminal with this id already."


class TooManyTerminalsError(UnprocessableError):
    """The ids of the terminals that a hub acts for are too many, or too long, for its token."""

    code = "too_many_terminals"
    title = "A hub cannot act for so many terminals. Set up another one."


class TerminalRevokedError(ConflictError):
    """A revoked terminal gets no new keys."""

    code = "terminal_revoked"
    title = "The terminal has been revoked."


class Place(Struct, frozen=True):
    """A terminal and where it stands. Terminals never change their store."""

    terminal_id: str
    store_id: str
    kind: str


class TerminalChanges(Struct, frozen=True, kw_only=True):
    """What is to be changed; what is left out stays."""

    name: str | UnsetType = UNSET
    training: bool | UnsetType = UNSET
    acts_for: Sequence[str] | UnsetType = UNSET


async def create_terminal(
    session: WriteSession,
    *,
    terminal_id: str,
    store_id: str,
    name: str,
    kind: Literal["till", "web", "hub"] = "till",
    training: bool = False,
    acts_for: Sequence[str] = (),
    now: datetime,
) -> Terminal:
    """A new terminal of a store, without a key yet. A hub acts for the terminals that it names.

    Raises ``StoreNotFoundError``, ``TerminalExistsError``, ``TerminalNotFoundError`` and ``TooManyTerminalsError``.
    """
    await read_store(session, store_id)
    if await _find(session, terminal_id) is not None:
        raise TerminalExistsError(terminal_id=terminal_id)
    terminal = Terminal(
        terminal_id=checked_code(terminal_id, "terminal_id"),
        store_id=store_id,
        name=name,
        kind=kind,
        training=training,
        acts_for=await _checked_acts_for(session, acts_for),
        created_at=now,
    )
    session.add(terminal)
    await session.flush()
    return terminal


async def read_terminal(session: ReadSession, terminal_id: str) -> Terminal:
    terminal = await _find(session, terminal_id)
    if terminal is None:
        raise TerminalNotFoundError(terminal_id=terminal_id)
    return terminal


async def lock_terminal(session: WriteSession, terminal_id: str) -> Terminal:
    """The terminal, as it stays until the transaction ends. Raises ``TerminalNotFoundError``."""
    statement = select(Terminal).where(col(Terminal.terminal_id) == terminal_id).with_for_update(key_share=True)
    terminal = (await session.exec(statement)).one_or_none()
    if terminal is None:
        raise TerminalNotFoundError(terminal_id=terminal_id)
    return terminal


async def list_terminals(
    session: ReadSession, *, store_id: str | None, after: str | None, limit: int
) -> Sequence[Terminal]:
    """``limit`` terminals by id, revoked ones too, those behind ``after``; of one store when it is named."""
    statement = select(Terminal).order_by(col(Terminal.terminal_id)).limit(limit)
    if store_id is not None:
        statement = statement.where(col(Terminal.store_id) == store_id)
    if after is not None:
        statement = statement.where(col(Terminal.terminal_id) > after)
    return (await session.exec(statement)).all()


async def change_terminal(
    session: WriteSession, terminal_id: str, changes: TerminalChanges, *, now: datetime
) -> Terminal:
    """Apply ``changes``. Its tokens say what it may do, so they are refused when that changes: it signs in again."""
    terminal = await read_terminal(session, terminal_id)
    powers = (terminal.training, terminal.acts_for)
    if changes.name is not UNSET:
        terminal.name = changes.name
    if changes.training is not UNSET:
        terminal.training = changes.training
    if changes.acts_for is not UNSET:
        terminal.acts_for = await _checked_acts_for(session, changes.acts_for)
    session.add(terminal)
    await session.flush()
    if (terminal.training, terminal.acts_for) != powers:
        await revoke_tokens(session, f"terminal:{terminal_id}", now=now)
    return terminal


async def issue_terminal_key(session: WriteSession, *, terminal_id: str, label: str, now: datetime) -> IssuedKey:
    """A further key for the terminal; the secret is shown this once. Earlier keys stay good until revoked."""
    terminal = await read_terminal(session, terminal_id)
    if terminal.status != "active":
        raise TerminalRevokedError(terminal_id=terminal_id)
    return await issue_key(session, terminal_id=terminal_id, label=label, now=now)


async def revoke_terminal(session: WriteSession, terminal_id: str, *, now: datetime) -> None:
    """The terminal, all its keys and all its tokens are refused from now on. Revoking twice changes nothing."""
    terminal = await read_terminal(session, terminal_id)
    terminal.status = "revoked"
    session.add(terminal)
    await session.exec(
        update(AccessKey)
        .where(col(AccessKey.terminal_id) == terminal_id, col(AccessKey.revoked_at).is_(None))
        .values(revoked_at=now)
    )
    await revoke_tokens(session, f"terminal:{terminal_id}", now=now)


async def terminal_of_key(session: ReadSession, key_text: str) -> tuple[Terminal, str]:
    """The active terminal whose key ``key_text`` is, and the key's id. Raises ``CredentialsRefusedError``."""
    key = await check_key(session, key_text)
    terminal = await _find(session, key.terminal_id) if key.terminal_id else None
    if terminal is None or terminal.status != "active":
        raise CredentialsRefusedError
    return terminal, key.key_id


async def places_acted_for(session: ReadSession, terminal: Terminal) -> Sequence[Place]:
    """The terminals that a hub may act for now: neither the revoked ones nor those of closed stores."""
    if not terminal.acts_for:
        return ()
    statement = (
        select(Terminal.terminal_id, Terminal.store_id, Terminal.kind)
        .join(Store, col(Store.store_id) == col(Terminal.store_id))
        .where(
            col(Terminal.terminal_id).in_(terminal.acts_for),
            col(Terminal.status) == "active",
            col(Store.status) == "open",
        )
    )
    return [Place(*row) for row in await session.exec(statement)]


async def _checked_acts_for(session: ReadSession, acts_for: Sequence[str]) -> list[str]:
    """The terminals that a hub is to act for, each once and in order."""
    named = sorted(set(acts_for))
    size = sum(len(other) + _AROUND_TERMINAL for other in named)
    if size <= MOST_CHARACTERS_ACTED_FOR:
        terminals = [await read_terminal(session, other) for other in named]
        groups = {(terminal.store_id, terminal.kind) for terminal in terminals}
        size += sum(len(store_id) + _AROUND_STORE for store_id, _ in groups)
    if size > MOST_CHARACTERS_ACTED_FOR:
        raise TooManyTerminalsError
    return named


async def _find(session: ReadSession, terminal_id: str) -> Terminal | None:
    return (await session.exec(select(Terminal).where(col(Terminal.terminal_id) == terminal_id))).one_or_none()
