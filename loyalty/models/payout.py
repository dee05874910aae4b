"""Points that become money: what was asked for and decided, the batches it was exported in, and whom it is paid to."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import SQLModel

from loyalty.models.columns import code, flag, generated_number, instant, number, words


class Payout(SQLModel, table=True):
    """The money side of a redemption of the kind ``payout``, with the redemption's own key. It names nobody."""

    __tablename__ = "payout"
    __table_args__ = (
        CheckConstraint("units > 0 AND amount_minor > 0", name="payout_amount"),
        CheckConstraint("decision IN ('approved', 'refused')", name="payout_decision"),
        CheckConstraint(
            "(decision IS NULL) = (decided_by IS NULL) AND (decision IS NULL) = (decided_at IS NULL)",
            name="payout_decided",
        ),
        CheckConstraint("batch_id IS NULL OR (decision IS NOT NULL AND decision = 'approved')", name="payout_exported"),
        CheckConstraint("decision IS NULL OR decision = 'refused' OR decided_by <> requested_by", name="payout_two"),
        Index("payout_in_batch", "batch_id", postgresql_where=text("batch_id IS NOT NULL")),
        Index("payout_waiting", "decided_at", postgresql_where=text("decision = 'approved' AND batch_id IS NULL")),
    )

    member_id: int = number(key=True)
    redemption_no: int = number(key=True)
    units: int = number()
    """How many times the reward's price was paid."""
    amount_minor: int = number()
    currency: str = code(length=3)
    requested_by: str = code(length=160)
    """As an actor: the member, or who of staff asked for them."""
    decision: str | None = code(nullable=True, length=16)
    decided_by: str | None = code(nullable=True, length=160)
    decided_at: datetime | None = instant(nullable=True)
    batch_id: int | None = number(nullable=True)
    """Given once: what is in a batch is in no other."""


class PayoutBatch(SQLModel, table=True):
    """Approved payouts that were handed to the bank together."""

    __tablename__ = "payout_batch"

    batch_id: int = generated_number()
    payouts: int = number()
    total_minor: int = number()
    currency: str = code(length=3)
    created_by: str = code(length=160)
    created_at: datetime = instant()


class PayoutPayee(SQLModel, table=True):
    """Whom a payout is paid to. Personal: removed with the member, and soon after a payout that was never exported."""

    __tablename__ = "payout_payee"

    member_id: int = number(key=True)
    redemption_no: int = number(key=True)
    holder: str = words()
    account: str = code()
    is_iban: bool = flag()
