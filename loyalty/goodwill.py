"""How many points one person of staff may move by hand, alone."""

from collections.abc import Iterable
from datetime import datetime

from kernel.database import WriteSession, driver
from kernel.errors import UnprocessableError
from loyalty.programme.goodwill import GoodwillLimit, GoodwillSettings

_COUNT = """
INSERT INTO goodwill_day AS g (actor, day, points) VALUES ($1, $2, $3)
ON CONFLICT (actor, day) DO UPDATE SET points = g.points + excluded.points
WHERE $4::bigint = 0 OR g.points + excluded.points <= $4::bigint
RETURNING points
"""


class ReasonUnknownError(UnprocessableError):
    """The programme names the reasons for corrections (``reasons``), and this is none of them."""

    code = "reason_unknown"
    title = "This is none of the programme's reasons for a correction."


def check_reason(settings: GoodwillSettings, reason: str) -> None:
    """Raises ``ReasonUnknownError``."""
    if settings.reasons and reason not in settings.reasons:
        raise ReasonUnknownError(reasons=list(settings.reasons))


def limit_of(settings: GoodwillSettings, roles: Iterable[str]) -> GoodwillLimit:
    """The widest of what ``roles``, those that may correct points at all, allow."""
    limits = [settings.limits.get(role, GoodwillLimit()) for role in roles]
    return GoodwillLimit(
        points_at_once=_widest(limit.points_at_once for limit in limits),
        points_a_day=_widest(limit.points_a_day for limit in limits),
    )


async def count_goodwill(
    session: WriteSession, actor: str, points: int, limit: GoodwillLimit, *, now: datetime
) -> bool:
    """Count ``points`` (moved either way) against the person's limits. False, and nothing counted, when beyond one.

    Exact, however many corrections one person sends at once: the day's row is locked before any member's.
    """
    moved = abs(points)
    if limit.points_at_once and moved > limit.points_at_once:
        return False
    if limit.points_a_day and moved > limit.points_a_day:
        return False
    connection = await driver(session)
    counted = await connection.fetchval(_COUNT, actor, now.date(), moved, limit.points_a_day)
    return counted is not None


def _widest(limits: Iterable[int]) -> int:
    limits = list(limits)
    return 0 if 0 in limits else max(limits, default=0)
