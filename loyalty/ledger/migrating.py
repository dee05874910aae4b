"""Points move in from another system, and out again while nobody has used them."""

from collections import defaultdict
from collections.abc import Sequence

from loyalty.ledger.account import Account
from loyalty.ledger.earning import Grant, earn
from loyalty.ledger.entries import Act
from loyalty.ledger.lots import Lot


def migrate_in(account: Account, grants: Sequence[Grant], act: Act) -> list[Lot]:
    """Credit each grant against ``migrated``. Raises ``PointsOutOfRangeError``; nothing has been changed then."""
    return earn(account, grants, act, source="migrated", kind="migrated")


def migrate_out(account: Account, lots: Sequence[Lot], act: Act) -> None:
    """Take back what ``lots`` hold. Precondition: nothing of them is held."""
    by_wallet: dict[str, list[Lot]] = defaultdict(list)
    for lot in lots:
        by_wallet[lot.wallet].append(lot)
    for wallet, own in by_wallet.items():
        points = sum(lot.remaining for lot in own)
        entry = account.enter(wallet, "member", "migrated", points, "migration_reversed", act)
        for lot in own:
            account.move(lot, "clawed", lot.remaining, act, cause=lot.cause, entry=entry)
