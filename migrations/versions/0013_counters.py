"""One row for all the counters of a member's period."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _set_aside()
    op.create_table(
        "cap_counter",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.Column("period_key", sa.String(length=16), nullable=False),
        sa.Column("used", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("NOT used @? '$.* ? (@.type() != \"number\" || @ < 0)'", name="cap_counter_used"),
        sa.PrimaryKeyConstraint("member_id", "period", "period_key"),
        postgresql_with={"fillfactor": "70"},
    )
    op.execute(
        "INSERT INTO cap_counter (member_id, period, period_key, used) "
        "SELECT member_id, period, period_key, jsonb_object_agg(rule, used) FROM pg_temp.cap_counter_before GROUP BY 1, 2, 3"
    )


def downgrade() -> None:
    _set_aside()
    op.create_table(
        "cap_counter",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.Column("period_key", sa.String(length=16), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("used >= 0", name="cap_counter_used"),
        sa.PrimaryKeyConstraint("member_id", "rule", "period", "period_key"),
        postgresql_with={"fillfactor": "70"},
    )
    op.execute(
        "INSERT INTO cap_counter (member_id, rule, period, period_key, used) "
        "SELECT member_id, rule, period, period_key, points::bigint "
        "FROM pg_temp.cap_counter_before, jsonb_each_text(used) AS counted (rule, points)"
    )


def _set_aside() -> None:
    """The rows as they were, in a table of this transaction, so that the new one gets its names like any other."""
    op.execute("CREATE TEMPORARY TABLE cap_counter_before ON COMMIT DROP AS SELECT * FROM cap_counter")
    op.drop_table("cap_counter")
