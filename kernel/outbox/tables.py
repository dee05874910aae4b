"""The outbox's three tables: published, to be delivered, failed for good."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, DateTime, Identity, Index, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from kernel.database import RowWriter

PARTITIONS: Final = 16
"""Into how many parts a handler's deliveries are divided: the most workers that can work for it at once."""

_QUEUE: Final = {
    # Rows live for a moment. Without eager vacuuming a claim would step over the dead ones for minutes.
    "autovacuum_vacuum_scale_factor": "0",
    "autovacuum_vacuum_threshold": "5000",
    "autovacuum_vacuum_cost_delay": "0",
}


def _column(sa_type: Any, *, nullable: bool = False, **options: Any) -> Any:
    return Field(sa_type=sa_type, nullable=nullable, **options)


def _key(sa_type: Any) -> Any:
    return Field(sa_type=sa_type, nullable=False, primary_key=True, sa_column_kwargs={"autoincrement": False})


class OutboxEvent(SQLModel, table=True):
    """A published event that has not been spread yet."""

    __tablename__ = "outbox_event"
    __table_args__ = ({"postgresql_with": _QUEUE},)

    event_id: int = Field(default=None, primary_key=True, sa_type=BigInteger, sa_column_args=(Identity(always=False),))
    member_id: int = _key(BigInteger)
    type: str = _column(String(64))
    payload: dict[str, Any] = _column(JSONB)
    created_at: datetime = _column(DateTime(timezone=True))


class OutboxDelivery(SQLModel, table=True):
    """An event that one handler still has to have its effect for."""

    __tablename__ = "outbox_delivery"
    __table_args__ = (
        Index("outbox_delivery_retry", "handler", "partition_no", postgresql_where=text("retry_at IS NOT NULL")),
        {"postgresql_with": _QUEUE},
    )

    handler: str = _key(String(128))
    partition_no: int = _key(SmallInteger)
    event_id: int = _key(BigInteger)
    member_id: int = _key(BigInteger)
    type: str = _column(String(64))
    payload: dict[str, Any] = _column(JSONB)
    created_at: datetime = _column(DateTime(timezone=True))
    attempts: int = _column(SmallInteger, default=0, sa_column_kwargs={"server_default": text("0")})
    retry_at: datetime | None = _column(DateTime(timezone=True), nullable=True, default=None)
    """Set once it has failed: it and what follows it in its lane wait until then."""


class OutboxParked(SQLModel, table=True):
    """A delivery that failed for good. It waits for a person, and its lane does not wait for it."""

    __tablename__ = "outbox_parked"

    handler: str = _key(String(128))
    event_id: int = _key(BigInteger)
    member_id: int = _key(BigInteger)
    type: str = _column(String(64))
    payload: dict[str, Any] = _column(JSONB)
    created_at: datetime = _column(DateTime(timezone=True))
    parked_at: datetime = _column(DateTime(timezone=True))
    error: str = _column(String(256))
    """The error's class. Its text might name a person; the worker's log has the traceback."""


EVENT_ROWS: Final = RowWriter(OutboxEvent, "member_id", "type", "payload", "created_at")
