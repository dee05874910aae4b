"""Keys, of terminals and of systems: what staff see of them, and what they do with both alike."""

from datetime import datetime

from msgspec import Struct

from api.admin.views import view_of
from api.callers import StaffCaller
from api.cursors import cut, text_position
from api.services import Services
from kernel.database import ReadSession, WriteSession
from loyalty.access.keys import IssuedKey, list_keys, read_key, revoke_key
from loyalty.audit import record_change


class KeyView(Struct, frozen=True, kw_only=True):
    """A key without its secret."""

    key_id: str
    label: str
    scopes: list[str]
    created_at: datetime
    revoked_at: datetime | None


class KeyPage(Struct, frozen=True, kw_only=True):
    """Keys by id, revoked ones too. ``next`` is the cursor of the next page; null on the last."""

    keys: list[KeyView]
    next: str | None


class IssuedKeyView(Struct, frozen=True, kw_only=True):
    """A fresh key."""

    key_id: str
    secret: str
    """The whole text to present. It is shown this once and kept nowhere."""


async def page_of_keys(session: ReadSession, terminal_id: str | None, cursor: str | None, limit: int) -> KeyPage:
    """A page of the terminal's keys, or of systems' when ``terminal_id`` is None."""
    rows = await list_keys(session, terminal_id=terminal_id, after=text_position(cursor), limit=limit + 1)
    page, following = cut(rows, limit, lambda key: key.key_id)
    return KeyPage(keys=[view_of(key, KeyView) for key in page], next=following)


async def note_issued(
    session: WriteSession, caller: StaffCaller, key: IssuedKey, action: str, after: object, *, now: datetime
) -> IssuedKeyView:
    """The fresh key with its secret, which is in no record."""
    subject = f"key:{key.key_id}"
    await record_change(session, actor=caller.actor, action=action, subject=subject, after=after, now=now)
    return IssuedKeyView(key_id=key.key_id, secret=key.secret)


async def revoke_and_note(
    services: Services, caller: StaffCaller, key_id: str, action: str, *, terminal_id: str | None
) -> None:
    """Revoke a key of the terminal, or of a system when ``terminal_id`` is None. Any other is not found."""
    now = services.clock()
    async with services.database.write() as session:
        await read_key(session, key_id, terminal_id=terminal_id)
        await revoke_key(session, key_id, now=now)
        await record_change(session, actor=caller.actor, action=action, subject=f"key:{key_id}", now=now)
        await session.commit()
