"""Referrals."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "referral_code",
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_index("referral_code_member", "referral_code", ["member_id"], unique=False)
    op.create_table(
        "referral",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("referrer_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), server_default="registered", nullable=False),
        sa.Column("referred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("qualifies_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("purchase_member_id", sa.BigInteger(), nullable=True),
        sa.Column("purchase_no", sa.BigInteger(), nullable=True),
        sa.Column("qualified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("milestone", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.String(length=160), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('registered', 'held', 'rewarded', 'rejected', 'reversed')", name="referral_state"
        ),
        sa.CheckConstraint("referrer_id <> member_id", name="referral_two_members"),
        sa.CheckConstraint("(state = 'registered') = (purchase_no IS NULL)", name="referral_purchase"),
        sa.CheckConstraint("(purchase_no IS NULL) = (purchase_member_id IS NULL)", name="referral_purchase_whole"),
        sa.CheckConstraint("state <> 'rewarded' OR milestone IS NOT NULL", name="referral_milestone"),
        sa.PrimaryKeyConstraint("member_id"),
    )
    op.create_index("referral_referrer", "referral", ["referrer_id"], unique=False)
    op.create_index("referral_of_state", "referral", ["state", "member_id"], unique=False)


def downgrade() -> None:
    op.drop_table("referral")
    op.drop_table("referral_code")
