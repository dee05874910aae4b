"""Actions other than purchases."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_JSON = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())


def upgrade() -> None:
    op.add_column("member", sa.Column("last_action_no", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.create_table(
        "action",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("action_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("natural_key", sa.String(length=160), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=160), nullable=False),
        sa.Column("event_id", sa.String(length=128), nullable=True),
        sa.Column("channel", sa.String(length=16), server_default="", nullable=False),
        sa.Column("store_id", sa.String(length=64), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fields", _JSON, nullable=False),
        sa.Column("programme_version", sa.BigInteger(), nullable=False),
        sa.Column("evaluation", _JSON, nullable=False),
        sa.Column("earned", _JSON, nullable=False),
        sa.Column("flags", _JSON, nullable=False),
        sa.Column("decided_by", sa.String(length=160), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("effect", _JSON, nullable=True),
        sa.CheckConstraint("status IN ('accepted', 'waiting', 'rejected', 'moved')", name="action_status"),
        sa.CheckConstraint("status <> 'rejected' OR decided_at IS NOT NULL", name="action_rejected"),
        sa.CheckConstraint("reversed_at IS NULL OR status = 'accepted'", name="action_reversed"),
        sa.PrimaryKeyConstraint("member_id", "action_no"),
        postgresql_with={"fillfactor": "90"},
    )
    op.create_index(
        "action_once",
        "action",
        ["member_id", "type", "natural_key"],
        unique=True,
        postgresql_where=sa.text("status IN ('accepted', 'waiting')"),
    )
    op.create_index(
        "action_waiting",
        "action",
        ["recorded_at", "member_id"],
        unique=False,
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_table(
        "action_event",
        sa.Column("source", sa.String(length=160), nullable=False),
        sa.Column("event_id", sa.String(length=128), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("action_no", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("source", "event_id"),
    )
    op.create_table(
        "action_proof",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("action_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("picture_url", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("member_id", "action_no"),
    )


def downgrade() -> None:
    op.drop_table("action_proof")
    op.drop_table("action_event")
    op.drop_table("action")
    op.drop_column("member", "last_action_no")
