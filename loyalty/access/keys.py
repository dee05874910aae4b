"""Keys of terminals and systems: 256 random bits, shown once, of which the hash is kept.

``cbk_<key id>_<secret>``. The key id finds the row; the secret is compared in constant time.
"""

import hashlib
import re
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct
from sqlmodel import col, select

from kernel.database import ReadSession, WriteSession
from kernel.errors import NotFoundError
from loyalty.access.lockout import CredentialsRefusedError
from loyalty.access.revocations import revoke_tokens
from loyalty.access.scopes import checked_scopes
from loyalty.models import AccessKey

_FORM: Final = re.compile(r"cbk_([0-9a-f]{16})_([0-9a-f]{64})\Z", re.ASCII)


class KeyNotFoundError(NotFoundError):
    """No such key."""

    code = "key_not_found"
    title = "There is no such key."


class IssuedKey(Struct, frozen=True):
    """A fresh key. ``secret`` is the whole text to present; it cannot be had again."""

    key_id: str
    secret: str


async def issue_key(
    session: WriteSession, *, terminal_id: str | None, label: str, scopes: Collection[str] = (), now: datetime
) -> IssuedKey:
    """A key for a terminal, or for a system when ``terminal_id`` is None. Earlier keys stay good.

    Raises ``ScopeUnknownError``.
    """
    key_id, secret = secrets.token_hex(8), secrets.token_hex(32)
    session.add(
        AccessKey(
            key_id=key_id,
            terminal_id=terminal_id,
            label=label,
            scopes=checked_scopes(scopes),
            secret_hash=_hash(secret),
            created_at=now,
        )
    )
    await session.flush()
    return IssuedKey(key_id, f"cbk_{key_id}_{secret}")


async def read_key(session: ReadSession, key_id: str, *, terminal_id: str | None) -> AccessKey:
    """A key of the terminal, or of a system when ``terminal_id`` is None. Raises ``KeyNotFoundError`` for any other."""
    row = (await session.exec(select(AccessKey).where(col(AccessKey.key_id) == key_id))).one_or_none()
    if row is None or row.terminal_id != terminal_id:
        raise KeyNotFoundError
    return row


async def list_keys(
    session: ReadSession, *, terminal_id: str | None, after: str | None, limit: int
) -> Sequence[AccessKey]:
    """``limit`` keys of the terminal, or of systems when ``terminal_id`` is None, by id; revoked ones too."""
    owner = col(AccessKey.terminal_id)
    owned = owner.is_(None) if terminal_id is None else owner == terminal_id
    statement = select(AccessKey).where(owned).order_by(col(AccessKey.key_id)).limit(limit)
    if after is not None:
        statement = statement.where(col(AccessKey.key_id) > after)
    return (await session.exec(statement)).all()


async def every_key(session: ReadSession) -> Sequence[AccessKey]:
    """All keys, revoked ones too: those of systems, then by terminal, the oldest first."""
    statement = select(AccessKey).order_by(
        col(AccessKey.terminal_id).nulls_first(), col(AccessKey.created_at), col(AccessKey.key_id)
    )
    return (await session.exec(statement)).all()


async def check_key(session: ReadSession, text: str) -> AccessKey:
    """The key that ``text`` is. Raises ``CredentialsRefusedError`` unless it is right and not revoked."""
    match = _FORM.match(text)
    if match is None:
        raise CredentialsRefusedError
    row = (await session.exec(select(AccessKey).where(col(AccessKey.key_id) == match[1]))).one_or_none()
    if row is None or not secrets.compare_digest(row.secret_hash, _hash(match[2])) or row.revoked_at is not None:
        raise CredentialsRefusedError
    return row


async def revoke_key(session: WriteSession, key_id: str, *, now: datetime) -> None:
    """The key opens nothing any more, nor do tokens it was exchanged for. Revoking twice changes nothing."""
    row = (await session.exec(select(AccessKey).where(col(AccessKey.key_id) == key_id).with_for_update())).one_or_none()
    if row is None:
        raise KeyNotFoundError
    if row.revoked_at is None:
        row.revoked_at = now
        session.add(row)
        await revoke_tokens(session, f"key:{key_id}", now=now)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
