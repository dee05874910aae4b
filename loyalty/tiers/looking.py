"""How a member stands, for those who ask: time is applied to the answer and written by nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from kernel.database import ReadSession, driver
from loyalty.ledger.account import Account
from loyalty.ledger.loading import read_accounts
from loyalty.members.family import family_of
from loyalty.members.profile import Profile
from loyalty.tiers.keeping import fold_of, today_of
from loyalty.tiers.opening import open_standing
from loyalty.tiers.plan import TierPlan
from loyalty.tiers.progress import TierProgress, progress
from loyalty.tiers.standing import Grant, Standing

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_FRESH = """
SELECT m.tier, s.stale_cause IS NULL AND s.programme_version = $2 AND (s.next_look_at > $3) IS NOT FALSE AS is_fresh
FROM member m LEFT JOIN tier_standing s USING (member_id) WHERE m.member_id = $1
"""
_HISTORY = """
SELECT from_tier, to_tier, at, cause_kind, period FROM tier_change
WHERE member_id = ANY($1::bigint[]) ORDER BY recorded_at DESC, member_id, change_no DESC LIMIT $2
"""


@dataclass(frozen=True, slots=True)
class PastChange:
    """A move from one tier to another."""

    from_tier: str | None
    to_tier: str | None
    at: datetime
    cause: str
    period: str


@dataclass(frozen=True, slots=True)
class TierOutlook:
    """A member's tier, until when, and what is missing for the next."""

    tier: str | None
    since: datetime | None
    retained_until: datetime | None
    """Exclusive: when the tier is lost unless something is done for it. None: time alone does not take it."""
    falls_to: str | None
    at_risk: bool
    grant: Grant | None
    next: TierProgress | None
    history: tuple[PastChange, ...]
    """The latest first."""


async def look_at_tier(
    connection: "Connection[Record]", account: Account, plan: TierPlan, *, limit: int, now: datetime
) -> TierOutlook:
    """The outlook of a copy of an account, whose tier is brought up to date; ``limit`` changes of its history."""
    standing = await open_standing(connection, account, plan, now=now)
    if standing is None or standing.since is None:
        return TierOutlook(account.tier, None, None, None, at_risk=False, grant=None, next=None, history=())
    plan, today = standing.plan, today_of(standing, account, now)
    fold = fold_of(standing, account, plan, today)
    return TierOutlook(
        tier=account.tier,
        since=standing.since,
        retained_until=standing.falls_at,
        falls_to=standing.falls_to,
        at_risk=_is_at_risk(standing, now),
        grant=standing.grant,
        next=progress(plan, plan.place(account.tier), fold.within(today)),
        history=await _history(connection, account.member_id, standing, limit=limit),
    )


async def current_tier(
    connection: "Connection[Record]", member_id: int, plan: TierPlan, *, now: datetime
) -> str | None:
    """A surviving member's tier alone: one row where time has changed nothing since somebody wrote it."""
    row = await connection.fetchrow(_FRESH, member_id, plan.version, now)
    if row is None:
        return None
    if row["is_fresh"] or not plan.active:
        tier: str | None = row["tier"]
        return tier
    account = (await read_accounts(connection, [member_id]))[member_id]
    await open_standing(connection, account, plan, now=now)
    return account.tier


async def with_current_tier(session: ReadSession, profile: Profile, plan: TierPlan | None, *, now: datetime) -> Profile:
    """The profile with the tier that the member has by now. ``plan``: None before anything was published."""
    if plan is None:
        return profile
    return replace(profile, tier=await current_tier(await driver(session), profile.member_id, plan, now=now))


def _is_at_risk(standing: Standing, now: datetime) -> bool:
    warning = timedelta(days=standing.plan.settings.warning_days)
    return bool(warning) and standing.falls_at is not None and standing.falls_at - warning <= now


async def _history(
    connection: "Connection[Record]", member_id: int, standing: Standing, *, limit: int
) -> tuple[PastChange, ...]:
    """What is written, and before it what time has done since."""
    noted: Sequence[PastChange] = [
        PastChange(one.from_tier, one.to_tier, one.at, one.cause.kind, one.period) for one in reversed(standing.changes)
    ]
    rows = await connection.fetch(_HISTORY, await family_of(connection, member_id), limit)
    return (*noted, *(PastChange(*row) for row in rows))[:limit]
