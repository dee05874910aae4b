"""Versions of the programme that come into force after another one.

A server that publishes is ahead of the others for up to a second, and a scheduled version begins when each clock says
so. A member who stands by the later of two versions goes on standing by it, whoever looks: else every look would move
them to and fro, and tell of it.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

import msgspec

from loyalty.programme.document import ProgrammeDocument
from loyalty.tiers.plan import TierPlan, tier_plan

if TYPE_CHECKING:
    from asyncpg import Connection, Record

LATER: Final = """
FROM programme_version AS later JOIN programme_version AS own ON (later.starts_at, later.version) > (
    own.starts_at, own.version
)
"""
"""``own``: a version; ``later``: those that come into force after it."""
_LATER_PLANS = f"""
SELECT later.version, later.document {LATER} WHERE own.version = $1 AND later.version = ANY($2::bigint[])
"""


async def later_plans(connection: "Connection[Record]", version: int, stood_by: Collection[int]) -> dict[int, TierPlan]:
    """The tiers of those of the versions ``stood_by`` that come into force after ``version``."""
    if not stood_by:
        return {}
    rows = await connection.fetch(_LATER_PLANS, version, list(stood_by))
    return {
        row["version"]: tier_plan(row["version"], msgspec.convert(row["document"], ProgrammeDocument)) for row in rows
    }
