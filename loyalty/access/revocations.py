"""Tokens that are refused before they expire, by what they stand on.

A token names its subjects (its terminal, that terminal's key, the cashier, ...). Revoking one of them refuses every
token issued for it until now and none that is issued later, so that a new key of the same terminal works at once.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from kernel.database import ReadSession, WriteSession
from loyalty.models import TokenRevocation

LONGEST_TOKEN: Final = timedelta(hours=12)
"""No access token lives longer; a revocation is kept for as long."""


async def revoke_tokens(session: WriteSession, *subjects: str, now: datetime) -> None:
    """Refuse what was issued for any of ``subjects`` up to ``now``."""
    for subject in sorted(subjects):
        statement = insert(TokenRevocation).values(subject=subject, revoked_at=now, expires_at=now + LONGEST_TOKEN)
        await session.exec(
            statement.on_conflict_do_update(
                index_elements=[col(TokenRevocation.subject)],
                set_={"revoked_at": statement.excluded.revoked_at, "expires_at": statement.excluded.expires_at},
            )
        )


async def revocations_in_force(session: ReadSession, *, now: datetime) -> dict[str, datetime]:
    """The instant of revocation by subject, of all that can still matter."""
    rows = await session.exec(
        select(TokenRevocation.subject, TokenRevocation.revoked_at).where(col(TokenRevocation.expires_at) > now)
    )
    return dict(rows.all())


async def forget_old_revocations(session: WriteSession, *, now: datetime) -> None:
    """Remove what no living token can meet any more."""
    await session.exec(delete(TokenRevocation).where(col(TokenRevocation.expires_at) <= now))
