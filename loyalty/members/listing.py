"""Members in the order in which they enrolled."""

from collections.abc import Sequence

from sqlmodel import col, select

from kernel.database import ReadSession
from loyalty.models import Member


async def list_members(session: ReadSession, *, status: str | None, below: int | None, limit: int) -> Sequence[Member]:
    """The latest ``limit`` members, those whose number is below ``below``; of one status when it is given.

    Numbers are given out as members come, so that this is the order of enrolment and needs no index of its own.
    """
    statement = select(Member).order_by(col(Member.member_id).desc()).limit(limit)
    if status is not None:
        statement = statement.where(col(Member.status) == status)
    if below is not None:
        statement = statement.where(col(Member.member_id) < below)
    return (await session.exec(statement)).all()
