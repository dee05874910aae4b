"""What this process knows of revoked tokens: PostgreSQL's list, at most ``MAX_AGE`` old."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.security.access import Access
from api.services import Services
from loyalty.access.revocations import revocations_in_force

MAX_AGE: Final = timedelta(seconds=2)
_READ_AFTER: Final = timedelta(seconds=1)
"""From this age on it is read again beside the requests, so that none of them waits for it under load."""

log = structlog.get_logger()


class RevocationList:
    """One small query a second or two, however many tills call."""

    def __init__(self) -> None:
        self._revoked: dict[str, float] = {}
        self._read_at: datetime | None = None
        self._reading: asyncio.Task[None] | None = None

    async def revokes(self, access: Access, services: Services) -> bool:
        """Whether something that the token stands on was revoked after it was issued."""
        now = services.clock()
        if self._is_older_than(_READ_AFTER, now):
            if self._reading is None or self._reading.done():
                self._reading = asyncio.create_task(self._read(services, now))
            if self._is_older_than(MAX_AGE, now):
                # Shielded: one caller who goes away must not stop it for the others.
                await asyncio.shield(self._reading)
        revoked = self._revoked
        if not revoked:
            return False
        return any(access.issued_at <= revoked.get(subject, -1.0) for subject in access.subjects)

    def _is_older_than(self, age: timedelta, now: datetime) -> bool:
        return self._read_at is None or not self._read_at <= now < self._read_at + age

    async def _read(self, services: Services, now: datetime) -> None:
        try:
            async with services.database.read() as session:
                revoked = await revocations_in_force(session, now=now)
        except (OSError, SQLAlchemyError) as error:
            # Without the database the request will not get far either. What was known stays in force.
            log.warning("revocations_unreadable", error=repr(error))
            return
        self._revoked = {subject: at.timestamp() for subject, at in revoked.items()}
        self._read_at = now
