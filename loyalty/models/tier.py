"""Tiers that are earned: what they are folded from, what they are now, and every change. The tier itself is the
member's. ``tier_change`` is append-only.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import SQLModel

from loyalty.models.columns import code, instant, json_document, local_day, number


class TierDay(SQLModel, table=True):
    """What a member's facts of one local day count for, less what was taken back: the fold of purchases, refunds and
    the journal, kept to be read at once. It says nothing of any programme.
    """

    __tablename__ = "tier_day"
    __table_args__ = ({"postgresql_with": {"fillfactor": "70"}},)

    member_id: int = number(key=True)
    day: date = local_day(key=True)
    points: dict[str, int] = json_document()
    """Earned, by wallet."""
    adjusted: dict[str, int] = json_document()
    """Given or taken by staff, by wallet."""
    spend_minor: int = number(default=0)
    purchases: int = number(default=0)
    actions: int = number(default=0)


class TierStanding(SQLModel, table=True):
    """How a member stands in the tiers of ``programme_version``."""

    __tablename__ = "tier_standing"
    __table_args__ = (
        Index("tier_standing_look", "next_look_at", postgresql_where=text("next_look_at IS NOT NULL")),
        Index("tier_standing_version", "programme_version"),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    member_id: int = number(key=True)
    programme_version: int = number()
    """It only goes forward, in the order in which versions come into force."""
    stale_cause: str | None = code(nullable=True, length=16)
    """With one, or under another version: the days are counted anew from the facts at the next look."""
    through: date = local_day()
    """The member's local day up to which time has been applied."""
    since: datetime = instant()
    falls_at: datetime | None = instant(nullable=True)
    """When the tier is lost unless something is done for it."""
    falls_to: str | None = code(nullable=True)
    next_look_at: datetime | None = instant(nullable=True)
    """The earliest instant at which time changes the tier or warns of it. Never later than true."""
    warned_of: datetime | None = instant(nullable=True)
    """The fall of which the member was warned."""
    last_change_no: int = number(default=0)
    granted_tier: str | None = code(nullable=True)
    """At least this tier by hand, before ``granted_until`` (exclusive; NULL: for good)."""
    granted_until: datetime | None = instant(nullable=True)
    grant_reason: str | None = code(nullable=True)
    granted_by: str | None = code(nullable=True, length=160)
    granted_at: datetime | None = instant(nullable=True)


class TierChange(SQLModel, table=True):
    """A member moved from one tier to another. Append-only."""

    __tablename__ = "tier_change"
    __table_args__ = (CheckConstraint("from_tier IS DISTINCT FROM to_tier", name="tier_change_moves"),)

    member_id: int = number(key=True)
    change_no: int = number(key=True)
    from_tier: str | None = code(nullable=True)
    to_tier: str | None = code(nullable=True)
    at: datetime = instant()
    """When it became true; for time the instant that had come, however late it was noticed."""
    recorded_at: datetime = instant()
    cause_kind: str = code(length=16)
    """enrolment, purchase, refund, action, reversal, adjustment, time, manual, merge, zone or publish."""
    cause_no: int = number()
    """Number of the purchase, refund or action within the member; the programme version else."""
    period: str = code(length=16)
    """First local day of the period in which it happened, or ``ever``."""


class TierBonus(SQLModel, table=True):
    """An entry bonus: once per member, tier and period. What was two members' before a merge is a sum."""

    __tablename__ = "tier_bonus"
    __table_args__ = (CheckConstraint("points > 0 AND kept_points >= 0", name="tier_bonus_points"),)

    member_id: int = number(key=True)
    tier: str = code(key=True)
    period: str = code(key=True, length=16)
    wallet: str = code()
    points: int = number()
    """By the last payment."""
    change_no: int = number()
    """The change that paid it: ``cause_no`` of its journal entry."""
    paid_at: datetime = instant()
    taken_back_at: datetime | None = instant(nullable=True)
    """A refund undid what it was for; reaching the tier again pays again what is not among ``kept_points``."""
    kept_points: int = number(default=0)
    """What was not there to be taken back and was written off or left, for good."""
