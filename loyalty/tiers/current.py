"""The tiers of the programme in force, for jobs that need nothing else of it."""

from datetime import datetime

import msgspec
from sqlmodel import col, select

from kernel.database import ReadSession
from loyalty.models import ProgrammeVersion
from loyalty.programme.document import ProgrammeDocument
from loyalty.tiers.plan import TierPlan, tier_plan


async def current_plan(session: ReadSession, *, now: datetime) -> TierPlan | None:
    """None where nothing was published yet, or there is nothing to earn."""
    statement = (
        select(ProgrammeVersion)
        .where(col(ProgrammeVersion.starts_at) <= now)
        .order_by(col(ProgrammeVersion.starts_at).desc(), col(ProgrammeVersion.version).desc())
        .limit(1)
    )
    row = (await session.exec(statement)).one_or_none()
    if row is None:
        return None
    plan = tier_plan(row.version, msgspec.convert(row.document, ProgrammeDocument))
    return plan if plan.active else None
