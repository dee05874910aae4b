"""Imports, and what each brought."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "import_run",
        sa.Column("import_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source", sa.String(length=23), nullable=False),
        sa.Column("status", sa.String(length=16), server_default="applied", nullable=False),
        sa.Column("applied_by", sa.String(length=160), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reversed_by", sa.String(length=160), nullable=True),
        sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("(status = 'applied') = (reversed_at IS NULL)", name="import_run_reversed"),
        sa.CheckConstraint("status IN ('applied', 'reversed', 'partly_reversed')", name="import_run_status"),
        sa.PrimaryKeyConstraint("import_id"),
    )
    op.create_table(
        "imported_member",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("member_id"),
    )
    op.create_index("imported_member_import", "imported_member", ["import_id"], unique=False)
    op.create_table(
        "imported_lot",
        sa.Column("source", sa.String(length=23), nullable=False),
        sa.Column("lot_key", sa.String(length=128), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("lot_no", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("source", "lot_key"),
    )
    op.create_index("imported_lot_import", "imported_lot", ["import_id"], unique=False)


def downgrade() -> None:
    op.drop_table("imported_lot")
    op.drop_table("imported_member")
    op.drop_table("import_run")
