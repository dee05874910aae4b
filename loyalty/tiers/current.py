"""The tiers of the programme in force, for jobs that need nothing else of it."""

from datetime import datetime

import msgspec

from kernel.database import ReadSession
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.in_force import row_in_force
from loyalty.tiers.plan import TierPlan, tier_plan


async def current_plan(session: ReadSession, *, now: datetime) -> TierPlan | None:
    """None where nothing was published yet, or there is nothing to earn."""
    row = await row_in_force(session, now=now)
    if row is None:
        return None
    plan = tier_plan(row.version, msgspec.convert(row.document, ProgrammeDocument))
    return plan if plan.active else None
