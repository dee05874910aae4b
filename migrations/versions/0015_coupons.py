"""Pools of coupons, rewards that the business grants, and a stock row that only rewards with a stock count in.

``reward_stock.taken`` may exceed ``given`` by what has expired and is not noted yet: those pieces are there again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_FREE = sa.text("state = 'free'")
_OWNED = sa.text("member_id IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "coupon",
        sa.Column("pool", sa.String(length=64), nullable=False),
        sa.Column("coupon", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.Column("redemption_no", sa.BigInteger(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "CASE state WHEN 'free' THEN member_id IS NULL WHEN 'handed_out' THEN member_id IS NOT NULL"
            " ELSE state = 'withdrawn' END",
            name="coupon_state",
        ),
        sa.CheckConstraint("(member_id IS NULL) = (redemption_no IS NULL)", name="coupon_owner"),
        sa.PrimaryKeyConstraint("pool", "coupon"),
    )
    op.create_index("coupon_free", "coupon", ["pool", "expires_at"], unique=False, postgresql_where=_FREE)
    op.create_index("coupon_redemption", "coupon", ["member_id", "redemption_no"], unique=True, postgresql_where=_OWNED)
    op.add_column("redemption", sa.Column("grant_reason", sa.String(length=64), nullable=True))
    op.add_column("reward_stock", sa.Column("low_since", sa.DateTime(timezone=True), nullable=True))
    op.drop_constraint("reward_stock_bounds", "reward_stock", type_="check")
    op.create_check_constraint("reward_stock_bounds", "reward_stock", "0 <= taken")


def downgrade() -> None:
    op.drop_constraint("reward_stock_bounds", "reward_stock", type_="check")
    op.create_check_constraint(
        "reward_stock_bounds", "reward_stock", "0 <= taken AND (given IS NULL OR taken <= given)"
    )
    op.drop_column("reward_stock", "low_since")
    op.drop_column("redemption", "grant_reason")
    op.drop_index("coupon_redemption", table_name="coupon", postgresql_where=_OWNED)
    op.drop_index("coupon_free", table_name="coupon", postgresql_where=_FREE)
    op.drop_table("coupon")
