"""A reckoned refund against the account in memory: spent points come back, then earned points are taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loyalty.ledger.account import Account, Act, Cause
from loyalty.ledger.claw_back import ClawBack, claw_back, give_back
from loyalty.ledger.restoring import SpentLot, restore
from loyalty.ledger.shortfall import ShortfallPolicy, TermsOfToday, undo_debt
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.wallets import Wallet
from loyalty.refunds.original import Original
from loyalty.refunds.reckoning import Reckoning
from loyalty.refunds.returned import WalletEffect
from loyalty.refunds.tracing import EarnedLots


@dataclass(frozen=True, slots=True)
class Traced:
    """The lots that a refund works on."""

    earned: Mapping[str, EarnedLots]
    spent: Sequence[SpentLot]


def apply_refund(
    account: Account, original: Original, reckoning: Reckoning, traced: Traced, document: ProgrammeDocument, act: Act
) -> list[WalletEffect]:
    """Change the account; answers what was done, by wallet. What is due must have been applied."""
    wallets = {wallet.code: wallet for wallet in document.wallets}
    effects: dict[str, WalletEffect] = {}
    if reckoning.points_back and original.spent_wallet is not None:
        code = original.spent_wallet
        returned = _return_spent(account, original, reckoning.points_back, traced.spent, _settings(wallets, code), act)
        effects[code] = WalletEffect(wallet=code, returned=returned)
    for code, points in sorted(reckoning.taken.points.items()):
        if points:
            taken = _take(account, original, points, traced.earned.get(code, EarnedLots()), document, code, act)
            effects[code] = _with_taken(effects.get(code), code, taken, sign=1 if points > 0 else -1)
    return list(effects.values())


def _return_spent(
    account: Account, original: Original, points: int, spent: Sequence[SpentLot], settings: Wallet, act: Act
) -> int:
    """Return ``points``: what the sale owed first, then to the lots; what was never paid comes back to nobody."""
    code = settings.code
    cause = Cause("purchase", original.purchase_no)
    before = original.earlier.get(code, WalletEffect(wallet=code)).returned
    to_lots = min(points, sum(source.out for source in spent))
    owed = min(points - to_lots, max(0, original.points_owed - _debt_returned(original, before, spent)))
    if owed:
        terms = TermsOfToday(act.now)
        undo_debt(account, code, owed, act, source="redeemed", kind="restored", terms=terms)
    if to_lots:
        restore(account, code, to_lots, act, cause=cause, spent=spent, expired=settings.expired_restore)
    return to_lots + owed


def _debt_returned(original: Original, returned: int, spent: Sequence[SpentLot]) -> int:
    """How much of the sale's debt earlier refunds have undone: what they returned beyond the lots."""
    paid_by_lots = original.points_spent - original.points_owed - original.points_unpaid
    return returned - (paid_by_lots - sum(source.out for source in spent))


def _take(
    account: Account,
    original: Original,
    points: int,
    own: EarnedLots,
    document: ProgrammeDocument,
    code: str,
    act: Act,
) -> ClawBack:
    earlier = original.earlier.get(code, WalletEffect(wallet=code))
    cause = Cause("purchase", original.purchase_no)
    if points < 0:
        done = ClawBack(earlier.from_lots, earlier.forgiven, earlier.owed, earlier.written_off, earlier.left)
        return give_back(account, code, -points, act, cause=cause, own_lots=own.lots, clawed=own.clawed, earlier=done)
    return claw_back(
        account,
        code,
        points,
        act,
        cause=cause,
        own_lots=own.lots,
        expired_unspent=max(0, own.expired_unspent - earlier.forgiven),
        promised=max(0, own.held + own.repaid_debt - earlier.owed),
        policy=shortfall_policy(document, code),
    )


def shortfall_policy(document: ProgrammeDocument, wallet: str) -> ShortfallPolicy:
    """What a claw-back that finds too few points does: leave them to the cash, or follow the wallet."""
    if document.refunds.shortfall == "reduce_cash":
        return "clamp"
    return _settings({item.code: item for item in document.wallets}, wallet).debt


def _settings(wallets: Mapping[str, Wallet], code: str) -> Wallet:
    """The wallet's settings; a wallet that a later programme dropped keeps the default ones."""
    return wallets.get(code) or Wallet(code=code, names={})


def _with_taken(effect: WalletEffect | None, code: str, taken: ClawBack, *, sign: int) -> WalletEffect:
    return WalletEffect(
        wallet=code,
        taken=sign * taken.total,
        from_lots=sign * taken.from_lots,
        forgiven=sign * taken.forgiven,
        owed=sign * taken.owed,
        written_off=sign * taken.written_off,
        left=sign * taken.left,
        returned=effect.returned if effect else 0,
    )
