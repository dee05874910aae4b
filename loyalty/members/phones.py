"""The phones that are or were signed in, for the member to see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from kernel.database import ReadSession
from loyalty.models import MemberSession


@dataclass(frozen=True, slots=True)
class SignedInPhone:
    """A session; its secrets are not for reading."""

    created_at: datetime
    last_used_at: datetime
    ended_at: datetime | None


async def read_phones(session: ReadSession, members: Sequence[int]) -> list[SignedInPhone]:
    """Every session that was opened, the first first."""
    rows = await session.exec(
        select(MemberSession).where(col(MemberSession.member_id).in_(members)).order_by(col(MemberSession.created_at))
    )
    return [SignedInPhone(row.created_at, row.rotated_at, row.ended_at) for row in rows]
