"""Codes of others that rewards hand out."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import SQLModel

from loyalty.models.columns import code, instant, number


class Coupon(SQLModel, table=True):
    """Registry: a code of a pool, and the redemption that it was handed out with."""

    __tablename__ = "coupon"
    __table_args__ = (
        CheckConstraint(
            "CASE state WHEN 'free' THEN member_id IS NULL WHEN 'handed_out' THEN member_id IS NOT NULL"
            " ELSE state = 'withdrawn' END",
            name="coupon_state",
        ),
        CheckConstraint("(member_id IS NULL) = (redemption_no IS NULL)", name="coupon_owner"),
        Index("coupon_free", "pool", "expires_at", postgresql_where=text("state = 'free'")),
        Index(
            "coupon_redemption",
            "member_id",
            "redemption_no",
            unique=True,
            postgresql_where=text("member_id IS NOT NULL"),
        ),
    )

    pool: str = code(key=True)
    coupon: str = code(key=True, length=128)
    state: str = code(length=16)
    """``free``; ``handed_out``; ``withdrawn`` by staff, or with its redemption: somebody has seen it."""
    member_id: int | None = number(nullable=True)
    redemption_no: int | None = number(nullable=True)
    added_at: datetime = instant()
    expires_at: datetime | None = instant(nullable=True)
    """Exclusive: from then on it is handed out to nobody. NULL: good for ever."""
