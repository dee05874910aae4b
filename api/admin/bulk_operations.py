"""What can be done to many members at once, as staff ask for it."""

from datetime import date, datetime
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from api import fields
from api.admin.member_adjustments import MOST_POINTS
from api.parameters import as_utc
from api.services import Services
from kernel.errors import UnprocessableError
from loyalty.jobs.kinds import Asked, PointsGrant, RewardGrant, SegmentChange, StandingChange, TierGrant
from loyalty.members.corrections import ExpiryImpossibleError, WalletNotFoundError
from loyalty.members.freezing import Standing
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.rewards import PAYOUT
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.rewards.reasons import RewardNotFoundError
from loyalty.segments.declared import declared_list
from loyalty.tiers.granting import TierNotFoundError, TiersNotEarnedError, grant_ends
from loyalty.tiers.plan import NO_TIER, TierPlan

_NOT_GIVEN: Final = ("wallet_points", PAYOUT)


class OneOperationError(UnprocessableError):
    """None was named, or several."""

    code = "one_operation_needed"
    title = "Name exactly one operation: a grant, a standing, a change of a list, a tier or a reward."


class NoPointsError(UnprocessableError):
    """A grant of nothing."""

    code = "no_points"
    title = "A grant gives or takes at least one point."


class RewardNotGivenError(UnprocessableError):
    """It is archived, or of a kind that is points or money: points are granted as such, and money is asked for."""

    code = "reward_not_given"
    title = "This reward is not given by a job."


class GrantPart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As many points to everybody."""

    points: Annotated[int, Meta(ge=-MOST_POINTS, le=MOST_POINTS, examples=[50])]
    """Negative to take; what is not there becomes debt."""
    wallet: fields.Code | None = None
    """Null: the primary wallet."""
    expires_at: Annotated[datetime, Meta(tz=True, examples=["2026-06-30T21:00:00Z"])] | None = None
    """Null: they live as long as the programme's points do."""


class StandingPart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The standing that everybody gets."""

    earning_frozen: bool
    spending_frozen: bool
    blocked: bool


class ListPart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A segment that is a list."""

    segment: fields.Code
    change: Literal["add", "remove"]


class TierPart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At least this tier for everybody, whatever is earned, in the place of what was granted before."""

    tier: fields.Code
    last_day: Annotated[date, Meta(examples=["2026-12-31"])] | None = None
    """The last day of each member's zone on which it holds. Null: for good."""


class RewardPart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One piece of this reward for everybody, for nothing. A reward with a pool hands out a code to each."""

    reward: fields.Code


class NewBulkOperation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exactly one operation, for the members of a segment, or of a list that is sent as a file."""

    grant: GrantPart | None = None
    standing: StandingPart | None = None
    list: ListPart | None = None
    tier: TierPart | None = None
    reward: RewardPart | None = None
    segment: fields.Code | None = None
    """Members who are in it when the preview is made. Null: a file is to be sent."""
    reason: fields.Reason


def operation_of(services: Services, data: NewBulkOperation, *, now: datetime) -> Asked:
    """What is asked. Raises the refusals above, and those of who knows better: no such wallet, list, tier or reward."""
    parts = (data.grant, data.standing, data.list, data.tier, data.reward)
    if sum(part is not None for part in parts) != 1:
        raise OneOperationError
    if data.standing is not None:
        standing = data.standing
        return StandingChange(
            standing=Standing(
                earning_frozen=standing.earning_frozen,
                spending_frozen=standing.spending_frozen,
                blocked=standing.blocked,
            )
        )
    programme = services.programmes.at(now)
    if data.list is not None:
        declared_list([programme.document], data.list.segment)
        return SegmentChange(segment=data.list.segment, change=data.list.change)
    if data.tier is not None:
        return _tier(programme.tier_plan, data.tier, now=now)
    if data.reward is not None:
        return _reward(programme, data.reward)
    assert data.grant is not None, "one of them is there"
    return _grant(programme.document, data.grant, now=now)


def _tier(plan: TierPlan, part: TierPart, *, now: datetime) -> TierGrant:
    if not plan.active:
        raise TiersNotEarnedError
    if plan.place(part.tier) == NO_TIER:
        raise TierNotFoundError(None, tier=part.tier)
    grant_ends(part.last_day, "UTC", now=now)  # a slip of the hand; where it has just passed, a member is skipped
    return TierGrant(tier=part.tier, last_day=part.last_day)


def _reward(programme: ProgrammeSnapshot, part: RewardPart) -> RewardGrant:
    reward = programme.rewards.get(part.reward)
    if reward is None:
        raise RewardNotFoundError(reward=part.reward)
    if reward.archived or reward.effect.kind in _NOT_GIVEN:
        raise RewardNotGivenError(reward=part.reward, kind=reward.effect.kind)
    return RewardGrant(reward=part.reward)


def _grant(programme: ProgrammeDocument, grant: GrantPart, *, now: datetime) -> PointsGrant:
    wallet = grant.wallet or programme.primary_wallet
    expires_at = as_utc(grant.expires_at, "expires_at")
    if not grant.points:
        raise NoPointsError
    if wallet not in {known.code for known in programme.wallets}:
        raise WalletNotFoundError(None, wallet=wallet)
    if expires_at is not None and (grant.points < 0 or expires_at <= now):
        raise ExpiryImpossibleError
    return PointsGrant(wallet=wallet, points=grant.points, expiry=programme.expiry, expires_at=expires_at)
