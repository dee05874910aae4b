"""From where members came, as far as it shows that several are one: hashes, for a while."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import SQLModel

from loyalty.models.columns import code, instant, number, octets


class MemberTrace(SQLModel, table=True):
    """A device or a network address that a member was seen with, under the installation's key. Goes with the person."""

    __tablename__ = "member_trace"
    __table_args__ = (
        CheckConstraint("kind IN ('device', 'address')", name="member_trace_kind"),
        Index("member_trace_shared", "kind", "value_hash"),
        Index("member_trace_seen", "seen_at"),
    )

    member_id: int = number(key=True)
    kind: str = code(key=True, length=16)
    value_hash: bytes = octets(key=True)
    seen_at: datetime = instant()
    """The last time."""
