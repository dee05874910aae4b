"""Guessing a PIN or a password: five tries, then a pause of a quarter of an hour.

A try is counted, and that count committed, before the secret is compared. However many requests come at once, no
more than ``MOST_TRIES`` of them ever get to the comparison; a right one clears the count.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import and_, case, or_, update
from sqlmodel import col, select

from kernel.database import WriteSession
from kernel.errors import ForbiddenError, TooManyError
from loyalty.models import Cashier, Staff

MOST_TRIES: Final = 5
PAUSE: Final = timedelta(minutes=15)

Account = type[Cashier] | type[Staff]


class LockedOutError(TooManyError):
    """Too many wrong tries; the right secret is refused as well until the pause is over."""

    code = "locked_out"
    title = "Too many wrong tries. Wait before the next one."


class CredentialsRefusedError(ForbiddenError):
    """Unknown, gone or wrong: the answer does not say which."""

    code = "credentials_refused"
    title = "These credentials were not accepted."


async def count_try(session: WriteSession, account: Account, account_id: str, *, now: datetime) -> str | None:
    """Take one try and answer the hash to compare with; None when there is no such active account.

    The caller commits before it compares. Raises ``LockedOutError`` when no try is left.
    """
    key, hash_column = _columns(account)
    paused = col(account.locked_until)
    over = and_(paused.is_not(None), paused <= now)
    tries = case((over, 1), else_=col(account.failed_attempts) + 1)
    statement = (
        update(account)
        .where(key == account_id, col(account.status) == "active", or_(paused.is_(None), over))
        .values(failed_attempts=tries, locked_until=case((tries >= MOST_TRIES, now + PAUSE), else_=None))
        .returning(hash_column)
    )
    secret_hash: str | None = (await session.exec(statement)).scalar_one_or_none()
    if secret_hash is not None:
        return secret_hash
    locked_until = (
        await session.exec(select(account.locked_until).where(key == account_id, col(account.status) == "active"))
    ).one_or_none()
    if locked_until is not None and locked_until > now:
        raise LockedOutError(retry_after_s=max(1, round((locked_until - now).total_seconds())))
    return None


async def clear_tries(session: WriteSession, account: Account, account_id: str) -> None:
    """After the right secret: the count begins anew."""
    key, _ = _columns(account)
    await session.exec(update(account).where(key == account_id).values(failed_attempts=0, locked_until=None))


def _columns(account: Account) -> tuple[Any, Any]:
    if account is Cashier:
        return col(Cashier.cashier_id), col(Cashier.pin_hash)
    return col(Staff.staff_id), col(Staff.password_hash)
