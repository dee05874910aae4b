"""What is told about a posted sale."""

from loyalty.ledger.lots import Lot
from loyalty.purchases.outcome import EarnedLot, Recorded, RulePoints, WalletState
from loyalty.purchases.posting import Posted


def recorded(one: Posted) -> Recorded:
    """The outcome of a posted sale."""
    account = one.account
    touched = {lot.wallet for lot in one.lots} | ({one.hold.wallet} if one.hold else set())
    touched.add(one.programme.document.primary_wallet)
    return Recorded(
        member_id=account.member_id,
        purchase_no=one.purchase_no,
        sale=one.submission.sale,
        occurred_at=one.occurred_at,
        programme_version=one.programme.version,
        earned=tuple(_earned(lot) for lot in one.lots),
        rules=tuple(RulePoints(fired.rule, fired.points) for fired in one.evaluation.fired) if one.evaluation else (),
        wallets=tuple(WalletState(code, account.wallet(code).balance) for code in sorted(touched)),
        points_spent=one.paid.points,
        points_spent_minor=one.paid.minor,
        shortfall=one.paid.owed + one.paid.unpaid,
        flags=one.flags,
        language=account.language,
        tier=account.tier,
    )


def _earned(lot: Lot) -> EarnedLot:
    return EarnedLot(lot.wallet, lot.amount, lot.available_from, lot.activated_at is None, lot.expires_at)
