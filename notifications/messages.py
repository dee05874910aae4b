"""Messages to be delivered: written in the transaction that causes them, sent later by the worker."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import col, delete, or_, select

from kernel.database import ReadSession, WriteSession
from notifications.models import Message

KEPT_FOR: Final = timedelta(days=1)
"""Messages name an address and hold codes; none is of use for longer."""
CHANNEL_OF_KIND: Final = {"phone": "sms", "email": "email"}
_CODE_TEXTS: Final = {
    "en": "{code} is your code. Tell it to nobody but the till or the app where you asked for it.",
    "ru": "{code} — ваш код. Не сообщайте его никому, кроме кассы или приложения, где вы его запросили.",
}
_FALLBACK_LANGUAGE: Final = "en"


async def send_code(
    session: WriteSession,
    *,
    member_id: int | None,
    kind: str,
    address: str,
    code: str,
    language: str,
    now: datetime,
) -> None:
    """Queue a one-time code for a phone or an e-mail (``kind``). ``member_id`` is None before there is a member."""
    text = _CODE_TEXTS.get(language.split("-")[0], _CODE_TEXTS[_FALLBACK_LANGUAGE])
    session.add(
        Message(
            member_id=member_id,
            channel=CHANNEL_OF_KIND[kind],
            address=address,
            body=text.format(code=code),
            created_at=now,
        )
    )
    await session.flush()


async def latest_messages(session: ReadSession, *, limit: int) -> list[Message]:
    """The last ``limit`` messages, the newest first."""
    return list(await session.exec(select(Message).order_by(col(Message.message_id).desc()).limit(limit)))


async def messages_to(session: ReadSession, members: Collection[int], addresses: Collection[str]) -> Sequence[Message]:
    """What is kept of messages to these members or to their addresses, the first first."""
    theirs = or_(col(Message.member_id).in_(members), col(Message.address).in_(addresses))
    return (await session.exec(select(Message).where(theirs).order_by(col(Message.message_id)))).all()


async def forget_messages_to(session: WriteSession, members: Collection[int]) -> None:
    """Remove every message to these members, sent or not."""
    await session.exec(delete(Message).where(col(Message.member_id).in_(members)))


async def forget_messages_at(session: WriteSession, addresses: Collection[str]) -> None:
    """Remove every message to these addresses, whether or not it names a member."""
    await session.exec(delete(Message).where(col(Message.address).in_(addresses)))


async def forget_old_messages(session: WriteSession, *, now: datetime) -> None:
    """Remove messages older than ``KEPT_FOR``, also those to addresses that belonged to no member."""
    await session.exec(delete(Message).where(col(Message.created_at) < now - KEPT_FOR))
