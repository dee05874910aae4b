"""The version in force, for what the worker does: it has no process-wide list of them as the API has."""

from datetime import datetime
from functools import lru_cache

import msgspec
from sqlmodel import col, select

from kernel.database import ReadSession
from loyalty.models import ProgrammeVersion
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.snapshot import ProgrammeSnapshot


async def row_in_force(session: ReadSession, *, now: datetime) -> ProgrammeVersion | None:
    """As it was published. None where nothing has begun yet."""
    statement = (
        select(ProgrammeVersion)
        .where(col(ProgrammeVersion.starts_at) <= now)
        .order_by(col(ProgrammeVersion.starts_at).desc(), col(ProgrammeVersion.version).desc())
        .limit(1)
    )
    return (await session.exec(statement)).one_or_none()


async def snapshot_in_force(session: ReadSession, *, now: datetime) -> ProgrammeSnapshot | None:
    """The same, ready to evaluate; compiled once for as long as it stays in force."""
    row = await row_in_force(session, now=now)
    return None if row is None else _compiled(row.version, msgspec.json.encode(row.document))


@lru_cache(maxsize=2)
def _compiled(version: int, document: bytes) -> ProgrammeSnapshot:
    return ProgrammeSnapshot(version, msgspec.json.decode(document, type=ProgrammeDocument))
