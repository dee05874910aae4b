"""Who begins a job, alone or with a second person; what it paid for which fact; with what members were seen."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job_step",
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("step", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=160), nullable=False),
        sa.Column("approved_by", sa.String(length=160), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("members", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("step IN ('apply', 'reverse')", name="job_step_step"),
        sa.CheckConstraint("approved_by <> actor", name="job_step_two_persons"),
        sa.CheckConstraint("members >= 0 AND points >= 0", name="job_step_size"),
        sa.PrimaryKeyConstraint("job_id", "step"),
    )
    op.create_index("job_step_actor", "job_step", ["actor", "begun_at"])
    op.create_table(
        "job_payment",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fact", sa.String(length=16), nullable=False),
        sa.Column("fact_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("wallet", sa.String(length=64), nullable=False),
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("fact IN ('purchase', 'action')", name="job_payment_fact"),
        sa.CheckConstraint("points <> 0", name="job_payment_points"),
        sa.PrimaryKeyConstraint("member_id", "fact", "fact_no", "rule", "wallet", "job_id"),
    )
    op.create_table(
        "member_trace",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("value_hash", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('device', 'address')", name="member_trace_kind"),
        sa.PrimaryKeyConstraint("member_id", "kind", "value_hash"),
    )
    op.create_index("member_trace_shared", "member_trace", ["kind", "value_hash"])
    op.create_index("member_trace_seen", "member_trace", ["seen_at"])


def downgrade() -> None:
    op.drop_table("member_trace")
    op.drop_table("job_payment")
    op.drop_table("job_step")
