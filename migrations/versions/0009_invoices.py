"""Invoices and their payments."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invoice",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("invoice_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("billing_number", sa.String(length=128), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), server_default="open", nullable=False),
        sa.Column("paid_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_payment_no", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.BigInteger(), nullable=True),
        sa.Column("punctual_run", sa.BigInteger(), nullable=True),
        sa.Column("refusal", sa.String(length=64), nullable=True),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.CheckConstraint("(state = 'cancelled') = (cancelled_at IS NOT NULL)", name="invoice_cancelled"),
        sa.CheckConstraint(
            "(state = 'paid') = (paid_at IS NOT NULL) AND (state = 'paid') = (settled_by IS NOT NULL)"
            " AND (state = 'paid') = (punctual_run IS NOT NULL)",
            name="invoice_paid",
        ),
        sa.CheckConstraint(
            "state = 'cancelled' OR (state = 'paid') = (paid_minor = amount_minor)", name="invoice_whole"
        ),
        sa.CheckConstraint("state IN ('open', 'paid', 'cancelled')", name="invoice_state"),
        sa.CheckConstraint(
            "0 < amount_minor AND 0 <= paid_minor AND paid_minor <= amount_minor", name="invoice_amounts"
        ),
        sa.CheckConstraint("issued_on <= due_on", name="invoice_days"),
        sa.PrimaryKeyConstraint("member_id", "invoice_no"),
    )
    op.create_index("invoice_due", "invoice", ["member_id", "due_on", "invoice_no"], unique=False)
    op.create_table(
        "invoice_key",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("billing_number", sa.String(length=128), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_no", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("source", "billing_number"),
    )
    op.create_table(
        "invoice_payment",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("invoice_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("payment_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reference", sa.String(length=128), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.CheckConstraint("(reversed_at IS NULL) = (reason IS NULL)", name="invoice_payment_reversed"),
        sa.CheckConstraint("amount_minor > 0", name="invoice_payment_amount"),
        sa.PrimaryKeyConstraint("member_id", "invoice_no", "payment_no"),
    )
    op.create_index(
        "invoice_payment_reference", "invoice_payment", ["member_id", "invoice_no", "reference"], unique=True
    )


def downgrade() -> None:
    op.drop_index("invoice_payment_reference", table_name="invoice_payment")
    op.drop_table("invoice_payment")
    op.drop_table("invoice_key")
    op.drop_index("invoice_due", table_name="invoice")
    op.drop_table("invoice")
