"""Segments of members."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "segment_member",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("segment_code", sa.String(length=64), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "segment_code"),
    )
    op.create_index("segment_member_list", "segment_member", ["segment_code", "member_id"], unique=False)


def downgrade() -> None:
    op.drop_index("segment_member_list", table_name="segment_member")
    op.drop_table("segment_member")
