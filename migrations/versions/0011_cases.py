"""Closed months, cases for review and limits of goodwill."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounting_period",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_by", sa.String(length=160), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name="accounting_period_order"),
        sa.PrimaryKeyConstraint("month"),
    )
    op.create_table(
        "accounting_close",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("closed_by", sa.String(length=160), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("month"),
    )
    op.create_table(
        "accounting_figure",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("wallet", sa.String(length=64), nullable=False),
        sa.Column("store_id", sa.String(length=64), nullable=False),
        sa.Column("legal_entity", sa.String(length=128), nullable=False),
        sa.Column("opening", sa.BigInteger(), nullable=False),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("clawed_back", sa.BigInteger(), nullable=False),
        sa.Column("redeemed", sa.BigInteger(), nullable=False),
        sa.Column("restored", sa.BigInteger(), nullable=False),
        sa.Column("expired", sa.BigInteger(), nullable=False),
        sa.Column("forfeited", sa.BigInteger(), nullable=False),
        sa.Column("adjusted", sa.BigInteger(), nullable=False),
        sa.Column("transferred", sa.BigInteger(), nullable=False),
        sa.Column("migrated", sa.BigInteger(), nullable=False),
        sa.Column("written_off", sa.BigInteger(), nullable=False),
        sa.Column("debt_repaid", sa.BigInteger(), nullable=False),
        sa.Column("closing", sa.BigInteger(), nullable=False),
        sa.Column("value_points", sa.BigInteger(), nullable=True),
        sa.Column("value_minor", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "opening + issued + clawed_back + redeemed + restored + expired + forfeited + adjusted + transferred + migrated + written_off + debt_repaid = closing",
            name="accounting_figure_adds_up",
        ),
        sa.PrimaryKeyConstraint("month", "wallet", "store_id"),
    )
    op.create_table(
        "review_case",
        sa.Column("case_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("facts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(length=16), server_default="open", nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=True),
        sa.Column("decided_by", sa.String(length=160), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "(state = 'closed') = (decided_at IS NOT NULL) AND (decided_at IS NULL) = (decision IS NULL)",
            name="review_case_decided",
        ),
        sa.CheckConstraint("state IN ('open', 'closed')", name="review_case_state"),
        sa.PrimaryKeyConstraint("case_id"),
    )
    op.create_index("review_case_once", "review_case", ["kind", "subject", "member_id", "period"], unique=True)
    op.create_table(
        "goodwill_day",
        sa.Column("actor", sa.String(length=160), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("points > 0", name="goodwill_day_points"),
        sa.PrimaryKeyConstraint("actor", "day"),
    )


def downgrade() -> None:
    op.drop_table("goodwill_day")
    op.drop_table("review_case")
    op.drop_table("accounting_figure")
    op.drop_table("accounting_close")
    op.drop_table("accounting_period")
