"""What members got for their points, the registry of the codes that show it, and how many pieces are gone."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import SQLModel

from loyalty.models.columns import code, instant, json_document, local_day, number

_STATES = "'reserved', 'issued', 'used', 'fulfilled', 'cancelled', 'expired', 'refunded', 'given'"


class Redemption(SQLModel, table=True):
    """A reward of one member, with its price as it was then."""

    __tablename__ = "redemption"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="redemption_state"),
        CheckConstraint("(state IN ('reserved', 'issued')) = (ended_at IS NULL)", name="redemption_ended"),
        CheckConstraint(
            "(state = 'given') = (to_member_id IS NOT NULL) AND (to_member_id IS NULL) = (to_redemption_no IS NULL)",
            name="redemption_given_to",
        ),
        CheckConstraint("(from_member_id IS NULL) = (from_redemption_no IS NULL)", name="redemption_given_by"),
        CheckConstraint("state <> 'used' OR store_id IS NOT NULL", name="redemption_used_somewhere"),
        Index("redemption_reward", "reward", "issued_at"),
        Index(
            *("redemption_open", "expires_at"),
            postgresql_where=text("state IN ('reserved', 'issued') AND expires_at IS NOT NULL"),
        ),
        Index("redemption_state", "state", "issued_at"),
        CheckConstraint("(purchase_no IS NULL) = (purchase_member_id IS NULL)", name="redemption_used_in"),
        Index(
            *("redemption_purchase", "purchase_member_id", "purchase_no"),
            postgresql_where=text("purchase_no IS NOT NULL"),
        ),
    )

    member_id: int = number(key=True)
    redemption_no: int = number(key=True)
    reward: str = code()
    kind: str = code(length=32)
    """Of the reward's effect."""
    programme_version: int = number()
    """What the reward says is read there, whatever later versions say."""
    state: str = code(length=16)
    shown_code: str = code()
    """What the till is shown. Its owner may look at it again, so it is kept in clear."""
    coupon: str | None = code(nullable=True, length=128)
    """The partner's or shop's own code that was handed out."""
    prices: list[dict[str, Any]] = json_document()
    """``{"wallet", "points", "hold_no"}`` of each price."""
    price_minor: int = number(default=0)
    local_date: date = local_day()
    """The member's day of issuing, by which limits count."""
    issued_at: datetime = instant()
    expires_at: datetime | None = instant(nullable=True)
    """Exclusive; of a coupon, when its code expires. NULL: it waits to be handed over for as long as it takes."""
    ended_at: datetime | None = instant(nullable=True)
    """When it left its open states, whatever it became."""
    store_id: str | None = code(nullable=True)
    """Where it was used; so are terminal and cashier."""
    terminal_id: str | None = code(nullable=True)
    cashier_id: str | None = code(nullable=True)
    purchase_member_id: int | None = number(nullable=True)
    purchase_no: int | None = number(nullable=True)
    """The sale that it was used in: the member's own, or of the one they have been merged into since."""
    discount_minor: int | None = number(nullable=True)
    """What the till took off for it."""
    present_code: str | None = code(nullable=True)
    """What somebody else can claim it with. Kept once it is given, so that a second claim is told so."""
    to_member_id: int | None = number(nullable=True)
    to_redemption_no: int | None = number(nullable=True)
    """What became of it in the hands of the one it was given to."""
    from_member_id: int | None = number(nullable=True)
    from_redemption_no: int | None = number(nullable=True)
    """What it was in the hands of the one who gave it, and paid for it."""
    reason: str | None = code(nullable=True)
    """Why staff ended it: a code."""
    grant_reason: str | None = code(nullable=True)
    """Why the business gave it for nothing: a code. NULL: the member took it."""
    actor: str = code(length=160)
    """Who did the last thing to it, as in the journal."""


class RedemptionCode(SQLModel, table=True):
    """Registry: whose redemption a code shows."""

    __tablename__ = "redemption_code"

    shown_code: str = code(key=True)
    member_id: int = number()
    redemption_no: int = number()


class PresentCode(SQLModel, table=True):
    """Registry: which redemption a code claims for somebody else."""

    __tablename__ = "present_code"

    claim_code: str = code(key=True)
    member_id: int = number()
    redemption_no: int = number()


class RewardStock(SQLModel, table=True):
    """How many pieces of a reward are out. One row a reward, locked after the members where it has a stock."""

    __tablename__ = "reward_stock"
    __table_args__ = (CheckConstraint("0 <= taken", name="reward_stock_bounds"),)

    reward: str = code(key=True)
    given: int | None = number(nullable=True)
    """Pieces in all, of the version that was published last. NULL: no limit."""
    taken: int = number(default=0)
    """Redemptions that hold a piece (``loyalty.rewards.states.TAKEN``), those whose time is over and not noted as such
    with them. Counted only while there is a stock."""
    low_since: datetime | None = instant(nullable=True)
    """Since when it has been told that little is left. NULL: enough is, as far as anybody has looked."""
