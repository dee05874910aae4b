"""A tier by hand: at least this one until a day, whatever is earned; or for good, which is the member's own floor."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from kernel.database import WriteSession, driver
from kernel.errors import ConflictError, NotFoundError, UnprocessableError
from loyalty.earning.calendar import local_day_starts
from loyalty.ledger.account import Account
from loyalty.ledger.opening import open_account
from loyalty.ledger.writing import write_accounts
from loyalty.members.ids import MemberNotFoundError
from loyalty.programme.windows import zone_named
from loyalty.tiers.keeping import change_grant
from loyalty.tiers.opening import open_standing
from loyalty.tiers.plan import NO_TIER, TierPlan
from loyalty.tiers.standing import Grant, Standing
from loyalty.tiers.writing import write_standings

_LONGEST = timedelta(days=36_525)


class TiersNotEarnedError(ConflictError):
    """The programme in force has neither a tier with thresholds nor a floor: there is nothing to stand in."""

    code = "tiers_not_earned"
    title = "The programme has no tiers that are earned."


class TierNotFoundError(UnprocessableError):
    """The programme in force has no such tier."""

    code = "tier_not_found"
    title = "The programme has no such tier."


class GrantDayImpossibleError(UnprocessableError):
    """A grant lasts through a day of the member that has not passed, and comes within a hundred years."""

    code = "grant_day_impossible"
    title = "The last day of the grant has passed, or is too far away."


class GrantNotFoundError(NotFoundError):
    """Nothing is granted to this member."""

    code = "grant_not_found"
    title = "No tier is granted to this member."


@dataclass(frozen=True, slots=True)
class GrantChange:
    """What was granted before and is now, and the tier that came of it."""

    member_id: int
    before: Grant | None
    after: Grant | None
    tier: str | None


async def grant_tier(
    session: WriteSession,
    member_id: int,
    *,
    tier: str,
    last_day: date | None,
    reason: str,
    by: str,
    plan: TierPlan,
    now: datetime,
) -> GrantChange:
    """Grant ``tier`` through ``last_day`` of the member's zone, in the place of an earlier grant.

    The caller keeps the record and commits. Raises ``MemberNotFoundError``, ``TiersNotEarnedError``,
    ``TierNotFoundError`` and ``GrantDayImpossibleError``.
    """
    account, standing = await _open(session, member_id, plan, now=now)
    if standing.plan.place(tier) == NO_TIER:
        raise TierNotFoundError(None, tier=tier)
    grant = Grant(tier, grant_ends(last_day, account.zone, now=now), reason, by, now)
    return await _change(session, account, standing, grant, now=now)


async def end_grant(session: WriteSession, member_id: int, *, plan: TierPlan, now: datetime) -> GrantChange:
    """End the grant now: the member has what was earned.

    Raises ``MemberNotFoundError``, ``TiersNotEarnedError`` and ``GrantNotFoundError``.
    """
    account, standing = await _open(session, member_id, plan, now=now)
    if standing.grant is None:
        raise GrantNotFoundError
    return await _change(session, account, standing, None, now=now)


def grant_ends(last_day: date | None, zone: str, *, now: datetime) -> datetime | None:
    """The instant at which a grant through ``last_day`` is over; None: never. Raises ``GrantDayImpossibleError``."""
    if last_day is None:
        return None
    today = now.astimezone(zone_named(zone)).date()
    if not today <= last_day <= today + _LONGEST:
        raise GrantDayImpossibleError
    return local_day_starts(last_day + timedelta(days=1), zone)


async def _open(session: WriteSession, member_id: int, plan: TierPlan, *, now: datetime) -> tuple[Account, Standing]:
    if not plan.active:
        raise TiersNotEarnedError
    connection = await driver(session)
    account = await open_account(connection, member_id, now=now)
    standing = await open_standing(connection, account, plan, now=now)
    if standing is None:
        raise MemberNotFoundError
    return account, standing


async def _change(
    session: WriteSession, account: Account, standing: Standing, grant: Grant | None, *, now: datetime
) -> GrantChange:
    connection = await driver(session)
    before = standing.grant
    change_grant(standing, account, grant, now=now)
    await write_accounts(connection, [account])
    await write_standings(connection, [standing], now=now)
    return GrantChange(account.member_id, before, grant, account.tier)
