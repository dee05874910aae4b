"""A void of a sale that has not come says whose sale it was."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("receipt_key", sa.Column("store_id", sa.String(length=64), nullable=True))


def downgrade() -> None:
    op.drop_column("receipt_key", "store_id")
