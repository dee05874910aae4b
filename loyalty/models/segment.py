"""Segments that are lists: who stands on which. Segments by condition have no rows."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import SQLModel

from loyalty.models.columns import code, instant, number


class SegmentMember(SQLModel, table=True):
    """A member stands on a list. A sale reads the lists of its member, staff walk through the members of a list."""

    __tablename__ = "segment_member"
    __table_args__ = (Index("segment_member_list", "segment_code", "member_id"),)

    member_id: int = number(key=True)
    segment_code: str = code(key=True)
    added_at: datetime = instant()
