"""Cash payouts and presents."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_EXPORTED = sa.text("batch_id IS NOT NULL")
_WAITING = sa.text("decision = 'approved' AND batch_id IS NULL")
_OPEN = sa.text("state IN ('reserved', 'issued') AND expires_at IS NOT NULL")
_OPEN_BEFORE = sa.text("state = 'issued' AND expires_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "payout",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("redemption_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("requested_by", sa.String(length=160), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=True),
        sa.Column("decided_by", sa.String(length=160), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("units > 0 AND amount_minor > 0", name="payout_amount"),
        sa.CheckConstraint("decision IN ('approved', 'refused')", name="payout_decision"),
        sa.CheckConstraint(
            "(decision IS NULL) = (decided_by IS NULL) AND (decision IS NULL) = (decided_at IS NULL)",
            name="payout_decided",
        ),
        sa.CheckConstraint(
            "batch_id IS NULL OR (decision IS NOT NULL AND decision = 'approved')", name="payout_exported"
        ),
        sa.CheckConstraint("decision IS NULL OR decision = 'refused' OR decided_by <> requested_by", name="payout_two"),
        sa.PrimaryKeyConstraint("member_id", "redemption_no"),
    )
    op.create_index("payout_in_batch", "payout", ["batch_id"], unique=False, postgresql_where=_EXPORTED)
    op.create_index("payout_waiting", "payout", ["decided_at"], unique=False, postgresql_where=_WAITING)
    op.create_table(
        "payout_batch",
        sa.Column("batch_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("payouts", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("created_by", sa.String(length=160), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("batch_id"),
    )
    op.create_table(
        "payout_payee",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("redemption_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("is_iban", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "redemption_no"),
    )
    op.drop_index("redemption_open", table_name="redemption")
    op.create_index("redemption_open", "redemption", ["expires_at"], unique=False, postgresql_where=_OPEN)


def downgrade() -> None:
    op.drop_index("redemption_open", table_name="redemption")
    op.create_index("redemption_open", "redemption", ["expires_at"], unique=False, postgresql_where=_OPEN_BEFORE)
    op.drop_table("payout_payee")
    op.drop_table("payout_batch")
    op.drop_index("payout_waiting", table_name="payout", postgresql_where=_WAITING)
    op.drop_index("payout_in_batch", table_name="payout", postgresql_where=_EXPORTED)
    op.drop_table("payout")
