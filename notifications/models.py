"""Every table of the notifications package."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import SQLModel

from loyalty.models.columns import code, generated_number, instant, number, words


class Message(SQLModel, table=True):
    """Something to be delivered to one address. Erasable: it is the only place where codes are in clear."""

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint("channel IN ('sms', 'email')", name="message_channel"),
        Index("message_member", "member_id"),
        Index("message_unsent", "created_at", postgresql_where=text("sent_at IS NULL")),
    )

    message_id: int = generated_number()
    member_id: int | None = number(nullable=True)
    channel: str = code(length=16)
    address: str = code(length=320)
    body: str = words()
    created_at: datetime = instant()
    sent_at: datetime | None = instant(nullable=True)
