"""Tiers that are earned."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tier_bonus",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tier", sa.String(length=64), nullable=False),
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.Column("wallet", sa.String(length=64), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("change_no", sa.BigInteger(), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("points > 0", name="tier_bonus_points"),
        sa.PrimaryKeyConstraint("member_id", "tier", "period"),
    )
    op.create_table(
        "tier_change",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("change_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("from_tier", sa.String(length=64), nullable=True),
        sa.Column("to_tier", sa.String(length=64), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause_kind", sa.String(length=16), nullable=False),
        sa.Column("cause_no", sa.BigInteger(), nullable=False),
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.CheckConstraint("from_tier IS DISTINCT FROM to_tier", name="tier_change_moves"),
        sa.PrimaryKeyConstraint("member_id", "change_no"),
    )
    op.create_table(
        "tier_day",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("points", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("adjusted", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("spend_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("purchases", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("actions", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "day"),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "tier_standing",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("programme_version", sa.BigInteger(), nullable=False),
        sa.Column("stale_cause", sa.String(length=16), nullable=True),
        sa.Column("through", sa.Date(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("falls_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("falls_to", sa.String(length=64), nullable=True),
        sa.Column("next_look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warned_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_change_no", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("granted_tier", sa.String(length=64), nullable=True),
        sa.Column("granted_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("grant_reason", sa.String(length=64), nullable=True),
        sa.Column("granted_by", sa.String(length=160), nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("member_id"),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index(
        "tier_standing_look",
        "tier_standing",
        ["next_look_at"],
        unique=False,
        postgresql_where=sa.text("next_look_at IS NOT NULL"),
    )
    op.create_index("tier_standing_version", "tier_standing", ["programme_version"], unique=False)


def downgrade() -> None:
    op.drop_index("tier_standing_version", table_name="tier_standing")
    op.drop_index(
        "tier_standing_look", table_name="tier_standing", postgresql_where=sa.text("next_look_at IS NOT NULL")
    )
    op.drop_table("tier_standing")
    op.drop_table("tier_day")
    op.drop_table("tier_change")
    op.drop_table("tier_bonus")
