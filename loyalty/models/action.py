"""What members did besides buying."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import SQLModel

from loyalty.models.columns import code, instant, json_document, local_day, number, octets, words


class Action(SQLModel, table=True):
    """Something that a member did, once: accepted, waiting for staff to look at its proof, or rejected.

    ``moved``: its member was merged before it was accepted, and it was accepted under a number of the survivor.
    """

    __tablename__ = "action"
    __table_args__ = (
        CheckConstraint("status IN ('accepted', 'waiting', 'rejected', 'moved')", name="action_status"),
        CheckConstraint("status <> 'rejected' OR decided_at IS NOT NULL", name="action_rejected"),
        CheckConstraint("reversed_at IS NULL OR status = 'accepted'", name="action_reversed"),
        Index(
            "action_once",
            *("member_id", "type", "natural_key"),
            unique=True,
            postgresql_where=text("status IN ('accepted', 'waiting')"),
        ),
        Index(
            "action_when",
            *("member_id", "type", "occurred_at"),
            postgresql_where=text("status IN ('accepted', 'waiting')"),
        ),
        Index("action_waiting", "recorded_at", "member_id", postgresql_where=text("status = 'waiting'")),
        {"postgresql_with": {"fillfactor": "90"}},
    )

    member_id: int = number(key=True)
    action_no: int = number(key=True)
    type: str = code()
    """Code of an action type of the programme."""
    natural_key: str = code(length=160)
    """What makes two of its type the same act."""
    status: str = code(length=16)
    source: str = code(length=160)
    """Who told of it: ``member``, ``staff``, ``system:<name>`` or ``job:<name>``."""
    event_id: str | None = code(nullable=True, length=128)
    """The source's own name for it."""
    channel: str = code(default="", length=16)
    store_id: str | None = code(nullable=True)
    occurred_at: datetime = instant()
    local_date: date = local_day()
    """The member's local day, frozen: limits and caps count by it."""
    recorded_at: datetime = instant()
    fields: dict[str, Any] = json_document()
    """The declared facts that came with it."""
    programme_version: int = number()
    evaluation: dict[str, Any] = json_document()
    """The facts of its instant and, once it is accepted, rules, arithmetic and caps, as ``loyalty.actions`` froze them.
    """
    earned: dict[str, int] = json_document()
    """Points by wallet at its acceptance. What is left of them is the lots' to say."""
    flags: list[str] = json_document()
    decided_by: str | None = code(nullable=True, length=160)
    """The member of staff who looked at its proof."""
    decided_at: datetime | None = instant(nullable=True)
    reason: str | None = code(nullable=True)
    """A code: why it was rejected or taken back."""
    reversed_at: datetime | None = instant(nullable=True)
    effect: list[dict[str, Any]] | None = json_document(nullable=True)
    """How the points were found that were taken back, by wallet."""


class ActionProof(SQLModel, table=True):
    """What shows that an action was done. It leads to a person, so it goes when the person goes."""

    __tablename__ = "action_proof"

    member_id: int = number(key=True)
    action_no: int = number(key=True)
    link: str | None = words(nullable=True)
    text: str | None = words(nullable=True)
    picture_url: str | None = words(nullable=True)


class ActionEvent(SQLModel, table=True):
    """Registry of what other systems have told, by their own names for it: the action that it became."""

    __tablename__ = "action_event"

    source: str = code(key=True, length=160)
    event_id: str = code(key=True, length=128)
    member_id: int = number()
    action_no: int = number()
    body: bytes = octets()
    """What was told, canonical and without its proof: a repeat is compared with it."""
