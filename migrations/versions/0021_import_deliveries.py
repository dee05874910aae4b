"""Files that staff send to be moved in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_JSON = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "import_delivery",
        sa.Column("delivery_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source", sa.String(length=23), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.Column("state", sa.String(length=16), server_default="open", nullable=False),
        sa.Column("requested_by", sa.String(length=160), nullable=False),
        sa.Column("requested_at", _INSTANT, nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.Column("import_id", sa.BigInteger(), nullable=True),
        sa.Column("totals", _JSON, nullable=False),
        sa.Column("problems", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("outcome", _JSON, nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'checking', 'checked', 'applying', 'applied', 'reversing', 'reversed')",
            name="import_delivery_state",
        ),
        sa.CheckConstraint(
            "state NOT IN ('reversing', 'reversed') OR import_id IS NOT NULL", name="import_delivery_run"
        ),
        sa.PrimaryKeyConstraint("delivery_id"),
    )
    op.create_table(
        "import_file",
        sa.Column("delivery_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sent_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", "name"),
    )
    op.create_table(
        "import_fault",
        sa.Column("delivery_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fault_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("file", sa.String(length=80), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("column_name", sa.String(length=80), nullable=False),
        sa.Column("fault_code", sa.String(length=64), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", "fault_no"),
    )


def downgrade() -> None:
    op.drop_table("import_fault")
    op.drop_table("import_file")
    op.drop_table("import_delivery")
