"""Confirming in the app: a till asks whether the member is there, and the member's own phone says so.

A terminal has one question open to a member at a time. It is good for ``VALID_FOR``, at this terminal alone, and as
often as the till needs its answer until then: it may have been lost.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from kernel.database import ReadSession, WriteSession
from kernel.errors import ForbiddenError, NotFoundError
from loyalty.models import ConfirmationRequest

VALID_FOR: Final = timedelta(minutes=5)


class ConfirmationRequestNotFoundError(NotFoundError):
    """No till asks this member that, or not any more."""

    code = "confirmation_request_not_found"
    title = "No till is waiting for this confirmation."


class NotConfirmedError(ForbiddenError):
    """The member has not confirmed this in the app: not yet, too late, or it was never asked."""

    code = "not_confirmed"
    title = "The customer has not confirmed in the app."


async def ask_for_confirmation(
    session: WriteSession, member_id: int, *, store_id: str, terminal_id: str, now: datetime
) -> ConfirmationRequest:
    """A new question of the terminal to the member, in place of its last one."""
    asked = {
        "confirmation_id": secrets.token_urlsafe(16),
        "store_id": store_id,
        "asked_at": now,
        "expires_at": now + VALID_FOR,
        "confirmed_at": None,
    }
    statement = insert(ConfirmationRequest).values(member_id=member_id, terminal_id=terminal_id, **asked)
    statement = statement.on_conflict_do_update(index_elements=["member_id", "terminal_id"], set_=asked)
    row: ConfirmationRequest = (await session.exec(statement.returning(ConfirmationRequest))).scalar_one()
    return row


async def open_requests(session: ReadSession, member_id: int, *, now: datetime) -> Sequence[ConfirmationRequest]:
    """What tills ask the member now, the latest first."""
    statement = (
        select(ConfirmationRequest)
        .where(
            col(ConfirmationRequest.member_id) == member_id,
            col(ConfirmationRequest.expires_at) > now,
            col(ConfirmationRequest.confirmed_at).is_(None),
        )
        .order_by(col(ConfirmationRequest.asked_at).desc(), col(ConfirmationRequest.terminal_id))
    )
    return (await session.exec(statement)).all()


async def confirm(session: WriteSession, member_id: int, confirmation_id: str, *, now: datetime) -> None:
    """The member is there. Confirming twice is as once. Raises ``ConfirmationRequestNotFoundError``."""
    statement = (
        update(ConfirmationRequest)
        .where(
            col(ConfirmationRequest.member_id) == member_id,
            col(ConfirmationRequest.confirmation_id) == confirmation_id,
            col(ConfirmationRequest.expires_at) > now,
        )
        .values(confirmed_at=now)
        .returning(col(ConfirmationRequest.confirmation_id))
    )
    if (await session.exec(statement)).scalar_one_or_none() is None:
        raise ConfirmationRequestNotFoundError


async def require_confirmed(
    session: ReadSession, member_id: int, confirmation_id: str, *, terminal_id: str, now: datetime
) -> None:
    """Return when the member confirmed what this terminal asked. Raises ``NotConfirmedError``."""
    statement = select(ConfirmationRequest.confirmed_at).where(
        col(ConfirmationRequest.member_id) == member_id,
        col(ConfirmationRequest.terminal_id) == terminal_id,
        col(ConfirmationRequest.confirmation_id) == confirmation_id,
        col(ConfirmationRequest.expires_at) > now,
    )
    if (await session.exec(statement)).one_or_none() is None:
        raise NotConfirmedError


async def forget_old_requests(session: WriteSession, *, now: datetime) -> None:
    """Remove questions that nobody can answer or use any more."""
    await session.exec(delete(ConfirmationRequest).where(col(ConfirmationRequest.expires_at) <= now))
