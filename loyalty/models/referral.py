"""Members who were referred by others, and the codes by which they were."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import SQLModel

from loyalty.models.columns import code, instant, number


class ReferralCode(SQLModel, table=True):
    """Registry of the codes that members give to friends: whose each is. A member has one."""

    __tablename__ = "referral_code"
    __table_args__ = (Index("referral_code_member", "member_id"),)

    code: str = code(key=True, length=16)
    member_id: int = number()
    created_at: datetime = instant()


class Referral(SQLModel, table=True):
    """Who referred a member, said once, and what became of it.

    ``registered`` until a purchase of the friend counts; then ``rewarded``, or ``held`` until staff have looked at it,
    who may have it ``rejected``. ``reversed``: the goods came back, and while there is time another purchase may count.
    """

    __tablename__ = "referral"
    __table_args__ = (
        CheckConstraint("state IN ('registered', 'held', 'rewarded', 'rejected', 'reversed')", name="referral_state"),
        CheckConstraint("referrer_id <> member_id", name="referral_two_members"),
        CheckConstraint("(state = 'registered') = (purchase_no IS NULL)", name="referral_purchase"),
        CheckConstraint("(purchase_no IS NULL) = (purchase_member_id IS NULL)", name="referral_purchase_whole"),
        CheckConstraint("state <> 'rewarded' OR milestone IS NOT NULL", name="referral_milestone"),
        Index("referral_referrer", "referrer_id"),
        Index("referral_of_state", "state", "member_id"),
    )

    member_id: int = number(key=True)
    """The friend."""
    referrer_id: int = number()
    """Whose code it was. A member who has been merged since stays here; the survivor is paid."""
    state: str = code(default="registered", length=16)
    referred_at: datetime = instant()
    qualifies_until: datetime = instant()
    """Exclusive: what the friend buys before counts."""
    purchase_member_id: int | None = number(nullable=True)
    purchase_no: int | None = number(nullable=True)
    """The purchase that counts, under the number it has: the friend's, or that of who they were merged into."""
    qualified_at: datetime | None = instant(nullable=True)
    """Instant of that purchase."""
    milestone: int | None = number(nullable=True)
    """The how-manyeth friend of the referrer it was when it was paid."""
    decided_by: str | None = code(nullable=True, length=160)
    reason: str | None = code(nullable=True)
    """A code: why it is held, was rejected or was taken back."""
    changed_at: datetime = instant()
