"""Goals over a period."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "goal_award",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("goal", sa.String(length=64), nullable=False),
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.Column("threshold", sa.String(length=64), nullable=False),
        sa.Column("programme_version", sa.BigInteger(), nullable=False),
        sa.Column("required", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("average", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action_no", sa.BigInteger(), nullable=True),
        sa.Column("refusal", sa.String(length=64), nullable=True),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("taken_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(action_no IS NULL) <> (refusal IS NULL)", name="goal_award_outcome"),
        sa.CheckConstraint("required > 0 AND amount >= required", name="goal_award_amount"),
        sa.CheckConstraint("times > 0", name="goal_award_times"),
        sa.PrimaryKeyConstraint("member_id", "goal", "period", "threshold"),
        postgresql_with={"fillfactor": "90"},
    )
    op.create_table(
        "goal_due",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("goal", sa.String(length=64), nullable=False),
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "goal", "period"),
    )
    op.create_index("goal_due_at", "goal_due", ["due_at"], unique=False)


def downgrade() -> None:
    op.drop_index("goal_due_at", table_name="goal_due")
    op.drop_table("goal_due")
    op.drop_table("goal_award")
