"""Rewards and their redemptions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "member", sa.Column("last_redemption_no", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.create_table(
        "redemption",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("redemption_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reward", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("programme_version", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("shown_code", sa.String(length=64), nullable=False),
        sa.Column("coupon", sa.String(length=128), nullable=True),
        sa.Column("prices", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("store_id", sa.String(length=64), nullable=True),
        sa.Column("terminal_id", sa.String(length=64), nullable=True),
        sa.Column("cashier_id", sa.String(length=64), nullable=True),
        sa.Column("purchase_no", sa.BigInteger(), nullable=True),
        sa.Column("discount_minor", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("actor", sa.String(length=160), nullable=False),
        sa.CheckConstraint(
            "state IN ('reserved', 'issued', 'used', 'fulfilled', 'cancelled', 'expired', 'refunded')",
            name="redemption_state",
        ),
        sa.CheckConstraint("(state IN ('reserved', 'issued')) = (ended_at IS NULL)", name="redemption_ended"),
        sa.CheckConstraint("state <> 'used' OR store_id IS NOT NULL", name="redemption_used_somewhere"),
        sa.PrimaryKeyConstraint("member_id", "redemption_no"),
    )
    op.create_index("redemption_reward", "redemption", ["reward", "issued_at"], unique=False)
    op.create_index(
        "redemption_open",
        "redemption",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'issued' AND expires_at IS NOT NULL"),
    )
    op.create_index("redemption_state", "redemption", ["state", "issued_at"], unique=False)
    op.create_index(
        "redemption_purchase",
        "redemption",
        ["member_id", "purchase_no"],
        unique=False,
        postgresql_where=sa.text("purchase_no IS NOT NULL"),
    )
    op.create_table(
        "redemption_code",
        sa.Column("shown_code", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("redemption_no", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shown_code"),
    )
    op.create_table(
        "reward_stock",
        sa.Column("reward", sa.String(length=64), nullable=False),
        sa.Column("given", sa.BigInteger(), nullable=True),
        sa.Column("taken", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("0 <= taken AND (given IS NULL OR taken <= given)", name="reward_stock_bounds"),
        sa.PrimaryKeyConstraint("reward"),
    )


def downgrade() -> None:
    op.drop_table("reward_stock")
    op.drop_table("redemption_code")
    op.drop_index("redemption_purchase", table_name="redemption", postgresql_where=sa.text("purchase_no IS NOT NULL"))
    op.drop_index("redemption_state", table_name="redemption")
    op.drop_index(
        "redemption_open",
        table_name="redemption",
        postgresql_where=sa.text("state = 'issued' AND expires_at IS NOT NULL"),
    )
    op.drop_index("redemption_reward", table_name="redemption")
    op.drop_table("redemption")
    op.drop_column("member", "last_redemption_no")
