"""What reviews found.

The sale that a reward was used in may be of the member that its owner was merged into. What a member keeps of an entry
bonus that was taken back is known. Actions around an instant are found at once, however many a member has.
A month knows the zone in which it was closed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_USED_IN = "(purchase_no IS NULL) = (purchase_member_id IS NULL)"
_IN_A_SALE = sa.text("purchase_no IS NOT NULL")


def upgrade() -> None:
    op.add_column("redemption", sa.Column("purchase_member_id", sa.BigInteger(), nullable=True))
    op.execute("UPDATE redemption SET purchase_member_id = member_id WHERE purchase_no IS NOT NULL")
    op.create_check_constraint("redemption_used_in", "redemption", _USED_IN)
    op.drop_index("redemption_purchase", table_name="redemption")
    op.create_index(
        "redemption_purchase", "redemption", ["purchase_member_id", "purchase_no"], postgresql_where=_IN_A_SALE
    )
    op.add_column("tier_bonus", sa.Column("kept_points", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    op.drop_constraint("tier_bonus_points", "tier_bonus")
    op.create_check_constraint("tier_bonus_points", "tier_bonus", "points > 0 AND kept_points >= 0")
    op.create_index(
        "action_when",
        "action",
        ["member_id", "type", "occurred_at"],
        postgresql_where=sa.text("status IN ('accepted', 'waiting')"),
    )
    op.add_column("accounting_period", sa.Column("zone", sa.String(length=64), nullable=True))


def downgrade() -> None:
    op.drop_column("accounting_period", "zone")
    op.drop_index("action_when", table_name="action")
    op.drop_constraint("tier_bonus_points", "tier_bonus")
    op.create_check_constraint("tier_bonus_points", "tier_bonus", "points > 0")
    op.drop_column("tier_bonus", "kept_points")
    # What was used in a survivor's sale does not say where any more.
    op.execute("UPDATE redemption SET purchase_no = NULL WHERE purchase_member_id <> member_id")
    op.drop_constraint("redemption_used_in", "redemption")
    op.drop_index("redemption_purchase", table_name="redemption")
    op.create_index("redemption_purchase", "redemption", ["member_id", "purchase_no"], postgresql_where=_IN_A_SALE)
    op.drop_column("redemption", "purchase_member_id")
