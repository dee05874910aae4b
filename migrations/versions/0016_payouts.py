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
_STATES_BEFORE = "state IN ('reserved', 'issued', 'used', 'fulfilled', 'cancelled', 'expired', 'refunded')"
_STATES = "state IN ('reserved', 'issued', 'used', 'fulfilled', 'cancelled', 'expired', 'refunded', 'given')"
_GIVEN_TO = "(state = 'given') = (to_member_id IS NOT NULL) AND (to_member_id IS NULL) = (to_redemption_no IS NULL)"
_GIVEN_BY = "(from_member_id IS NULL) = (from_redemption_no IS NULL)"
_NUMBERS = ("to_member_id", "to_redemption_no", "from_member_id", "from_redemption_no")
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
    op.create_table(
        "present_code",
        sa.Column("claim_code", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("redemption_no", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("claim_code"),
    )
    op.add_column("redemption", sa.Column("present_code", sa.String(length=64), nullable=True))
    for name in _NUMBERS:
        op.add_column("redemption", sa.Column(name, sa.BigInteger(), nullable=True))
    op.drop_constraint("redemption_state", "redemption")
    op.create_check_constraint("redemption_state", "redemption", _STATES)
    op.create_check_constraint("redemption_given_to", "redemption", _GIVEN_TO)
    op.create_check_constraint("redemption_given_by", "redemption", _GIVEN_BY)


def downgrade() -> None:
    op.drop_constraint("redemption_given_by", "redemption")
    op.drop_constraint("redemption_given_to", "redemption")
    op.drop_constraint("redemption_state", "redemption")
    # What was given is the receiver's. The giver had it, and has it no more.
    op.execute("UPDATE redemption SET state = 'fulfilled' WHERE state = 'given'")
    op.create_check_constraint("redemption_state", "redemption", _STATES_BEFORE)
    for name in ("present_code", *_NUMBERS):
        op.drop_column("redemption", name)
    op.drop_table("present_code")
    op.drop_index("redemption_open", table_name="redemption")
    op.create_index("redemption_open", "redemption", ["expires_at"], unique=False, postgresql_where=_OPEN_BEFORE)
    op.drop_table("payout_payee")
    op.drop_table("payout_batch")
    op.drop_index("payout_waiting", table_name="payout", postgresql_where=_WAITING)
    op.drop_index("payout_in_batch", table_name="payout", postgresql_where=_EXPORTED)
    op.drop_table("payout")
