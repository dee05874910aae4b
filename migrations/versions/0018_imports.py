"""Receipts of an earlier system."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "imported_receipt",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("purchase_no", sa.BigInteger(), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "purchase_no"),
    )
    op.create_index("imported_receipt_import", "imported_receipt", ["import_id"], unique=False)


def downgrade() -> None:
    op.drop_table("imported_receipt")
