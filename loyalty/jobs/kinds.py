"""What a job can be asked to do. Written down with the job, as it was asked."""

from datetime import date, datetime
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct

from loyalty.members.freezing import Standing
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.policies import ExpiryPolicy

Direction: TypeAlias = Literal["pay", "take_back", "both"]
Change: TypeAlias = Literal["add", "remove"]
FactKind: TypeAlias = Literal["purchase", "action"]


class Retroactive(Struct, frozen=True, kw_only=True):
    """Pay what past facts would have earned under ``document`` beyond what they did, or take back the reverse."""

    document: ProgrammeDocument
    rules: tuple[str, ...] | None = None
    """Only these are compared; None: all."""
    first_day: date | None = None
    until_day: date | None = None
    direction: Direction = "pay"
    facts: tuple[FactKind, ...] = ("purchase",)


class PointsGrant(Struct, frozen=True, kw_only=True):
    """Give every member as many points (or take them, into debt where they are missing)."""

    wallet: str
    points: int
    expiry: ExpiryPolicy
    """How long they live, unless ``expires_at`` says so."""
    expires_at: datetime | None = None


class StandingChange(Struct, frozen=True, kw_only=True):
    """Freeze, block or release every member."""

    standing: Standing


class SegmentChange(Struct, frozen=True, kw_only=True):
    """Put every member on a list, or take them off it."""

    segment: str
    change: Change


class TierGrant(Struct, frozen=True, kw_only=True):
    """Grant every member at least this tier by hand, through ``last_day`` of their zones; None: for good."""

    tier: str
    last_day: date | None = None


class RewardGrant(Struct, frozen=True, kw_only=True):
    """Give every member this reward of the programme in force, for nothing."""

    reward: str


Asked: TypeAlias = Retroactive | PointsGrant | StandingChange | SegmentChange | TierGrant | RewardGrant
KINDS: dict[str, type[Asked]] = {
    "retroactive": Retroactive,
    "grant": PointsGrant,
    "standing": StandingChange,
    "segment": SegmentChange,
    "tier": TierGrant,
    "reward": RewardGrant,
}


def kind_of(asked: Asked) -> str:
    """The name under which it is kept."""
    return next(kind for kind, struct in KINDS.items() if isinstance(asked, struct))


def asked_of(kind: str, parameters: dict[str, Any]) -> Asked:
    """What was asked, read back."""
    return msgspec.convert(parameters["asked"], KINDS[kind])
