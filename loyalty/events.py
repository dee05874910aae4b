"""What the loyalty package tells the others, in ids, integers, days and instants.

Each is published with the fact, in its transaction, under the lock of its member. The names and the fields that are
there stay what they are: stored events outlive the code that wrote them.
"""

from datetime import date, datetime
from typing import ClassVar

from kernel.events import Event


class MemberEnrolled(Event, frozen=True, kw_only=True):
    """Somebody became a member."""

    type: ClassVar[str] = "member_enrolled"
    enrolled_at: datetime


class PurchaseRecorded(Event, frozen=True, kw_only=True):
    """A completed sale is in the books, on time or late. ``local_date`` is the store's day of the sale."""

    type: ClassVar[str] = "purchase_recorded"
    purchase_no: int
    store_id: str
    occurred_at: datetime
    local_date: date
    currency: str
    total_minor: int
    points_earned: dict[str, int]
    """By wallet; wallets that got nothing are absent."""
    points_spent: int = 0


class PurchaseRefunded(Event, frozen=True, kw_only=True):
    """Goods of a sale came back."""

    type: ClassVar[str] = "purchase_refunded"
    refund_no: int
    purchase_no: int
    store_id: str
    occurred_at: datetime
    local_date: date
    currency: str
    amount_minor: int
    """Price of what came back, whatever it had been paid with."""
    is_void: bool = False
    """The whole sale was undone, as if it had not been."""


class GoodsReturned(Event, frozen=True, kw_only=True):
    """Goods came back without a receipt: of which sale is not known."""

    type: ClassVar[str] = "goods_returned"
    refund_no: int
    store_id: str
    occurred_at: datetime
    local_date: date
    currency: str
    amount_minor: int
    """Price of what came back."""


class ActionRecorded(Event, frozen=True, kw_only=True):
    """Something besides buying counts: told and accepted at once, or accepted by staff."""

    type: ClassVar[str] = "action_recorded"
    action_no: int
    action_type: str
    """Code of an action type of the programme."""
    occurred_at: datetime
    local_date: date
    """The member's day."""
    points_earned: dict[str, int]
    """By wallet; wallets that got nothing are absent."""


class ActionReversed(Event, frozen=True, kw_only=True):
    """An action that counted does not any more, and what it had earned was taken back."""

    type: ClassVar[str] = "action_reversed"
    action_no: int
    action_type: str
    reversed_at: datetime
    points_taken: dict[str, int]
    """By wallet."""


class HoldResolved(Event, frozen=True, kw_only=True):
    """Points set aside for a sale were captured, voided or timed out."""

    type: ClassVar[str] = "hold_resolved"
    hold_no: int
    outcome: str
    """captured, voided or expired."""
    captured: int
    resolved_at: datetime


class RedemptionChanged(Event, frozen=True, kw_only=True):
    """A reward was issued to a member, or what was issued came to its end."""

    type: ClassVar[str] = "redemption_changed"
    redemption_no: int
    reward: str
    state: str
    """reserved, issued, used, fulfilled, cancelled, expired or refunded."""
    changed_at: datetime


class RewardRunsLow(Event, frozen=True, kw_only=True):
    """No more than ``low_stock`` of a reward is left: pieces, or codes of its pool. Once each time; about no member."""

    type: ClassVar[str] = "reward_runs_low"
    reward: str
    left: int
    low_stock: int
    noticed_at: datetime


class PointsAdjusted(Event, frozen=True, kw_only=True):
    """Staff gave or took points."""

    type: ClassVar[str] = "points_adjusted"
    entry_no: int
    wallet: str
    points: int
    """Negative when they were taken."""
    occurred_at: datetime


class PointsActivated(Event, frozen=True, kw_only=True):
    """Points that were pending can be spent: time has come, and somebody has looked."""

    type: ClassVar[str] = "points_activated"
    lot_no: int
    wallet: str
    points: int
    """What is left of them."""
    activated_at: datetime


class TierChanged(Event, frozen=True, kw_only=True):
    """A member moved to another tier, up or down; once for each row of the history."""

    type: ClassVar[str] = "tier_changed"
    change_no: int
    from_tier: str | None
    to_tier: str | None
    changed_at: datetime
    cause: str
    """enrolment, purchase, refund, action, adjustment, time, manual, merge, zone or publish; may grow."""


class TierAtRisk(Event, frozen=True, kw_only=True):
    """The tier will be lost unless the member does something for it. Once for each fall that is foreseen."""

    type: ClassVar[str] = "tier_at_risk"
    tier: str
    falls_to: str | None
    falls_at: datetime


class MembersMerged(Event, frozen=True, kw_only=True):
    """``member_id`` now also stands for ``source_member_id``, whose points have been moved."""

    type: ClassVar[str] = "members_merged"
    source_member_id: int
    merged_at: datetime


class MemberErased(Event, frozen=True, kw_only=True):
    """The person behind the member is gone, and so is what any package kept about them."""

    type: ClassVar[str] = "member_erased"
    erased_at: datetime
