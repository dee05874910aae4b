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

log = structlog.get_logger()


class RevocationList:
    """One small query every two seconds, however many tills call."""

    def __init__(self) -> None:
        self._revoked: dict[str, float] = {}
        self._read_at: datetime | None = None
        self._reading = asyncio.Lock()

    async def revokes(self, access: Access, services: Services) -> bool:
        """Whether something that the token stands on was revoked after it was issued."""
        now = services.clock()
        if self._is_old(now):
            async with self._reading:
                if self._is_old(now):
                    await self._read(services, now)
        revoked = self._revoked
        if not revoked:
            return False
        return any(access.issued_at <= revoked.get(subject, -1.0) for subject in access.subjects)

    def _is_old(self, now: datetime) -> bool:
        return self._read_at is None or not self._read_at <= now < self._read_at + MAX_AGE

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
