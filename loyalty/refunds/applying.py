"""A reckoned refund against the account in memory: spent points come back, then earned points are taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loyalty.earning.calendar import expires_at
from loyalty.ledger.account import Account
from loyalty.ledger.claw_back import ClawBack, claw_back
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.moving import forfeit
from loyalty.ledger.restoring import SpentLot, restore
from loyalty.ledger.shortfall import ShortfallPolicy, undo_debt
from loyalty.ledger.terms import LotTerms
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
    returned: dict[str, int] = {}
    if reckoning.points_back and original.spent_wallet is not None:
        code = original.spent_wallet
        terms = _terms_of_today(account, document, act)
        returned[code] = _return_spent(account, original, reckoning, traced.spent, _settings(wallets, code), terms, act)
    taken = {
        code: _take(account, original, points, traced.earned.get(code, EarnedLots()), document, code, act)
        for code, points in sorted(reckoning.taken.points.items())
        if points
    }
    if account.status == "erased":
        forfeit(account, act)
    return [effect_of(code, taken.get(code), returned.get(code, 0)) for code in dict.fromkeys([*returned, *taken])]


def _return_spent(
    account: Account,
    original: Original,
    reckoning: Reckoning,
    spent: Sequence[SpentLot],
    settings: Wallet,
    terms: LotTerms,
    act: Act,
) -> int:
    """Return spent points; answers how many came back.

    The points that were missing at the sale are the first to be undone: what is owed for them is, and what was written
    off or left comes back to nobody. So whoever keeps half of the goods has paid for that half with points they had.
    """
    code, before = settings.code, reckoning.points_back_before
    missing = original.points_owed + original.points_unpaid
    undone = min(before + reckoning.points_back, missing) - min(before, missing)
    owed = undone if original.points_owed else 0
    undo_debt(account, code, owed, act, source="redeemed", kind="restored", terms=terms)
    to_lots = reckoning.points_back - undone
    cause = Cause("purchase", original.purchase_no)
    restore(account, code, to_lots, act, cause=cause, spent=spent, expired=settings.expired_restore)
    return owed + to_lots


def _terms_of_today(account: Account, document: ProgrammeDocument, act: Act) -> LotTerms:
    """Points that repaid a debt are gone from their lots: they come back to live as long as points earned now would."""
    policy = document.expiry_by_tier.get(account.tier or "", document.expiry)
    ends = expires_at(policy, act.now, account.zone)
    return LotTerms(available_from=act.now, activated_at=act.now, expires_at=ends, expiry=policy)


def _take(
    account: Account,
    original: Original,
    points: int,
    own: EarnedLots,
    document: ProgrammeDocument,
    code: str,
    act: Act,
) -> ClawBack:
    """Take ``points``; answers where they came from."""
    earlier = [effect for effect in original.earlier if effect.wallet == code]
    return claw_back(
        account,
        code,
        points,
        act,
        cause=Cause("purchase", original.purchase_no),
        own_lots=own.lots,
        expired_unspent=max(0, own.expired_unspent - sum(effect.forgiven for effect in earlier)),
        promised=max(0, own.held + own.repaid_debt - sum(effect.owed for effect in earlier)),
        policy=shortfall_policy(document, code),
    )


def shortfall_policy(document: ProgrammeDocument, wallet: str) -> ShortfallPolicy:
    """What a claw-back that finds too few points does: leave them to the cash, or follow the wallet."""
    if document.refunds.shortfall == "reduce_cash":
        return "clamp"
    return _settings({item.code: item for item in document.wallets}, wallet).debt


def cash_reduction_minor(
    effects: Sequence[WalletEffect],
    cash_minor: int,
    document: ProgrammeDocument,
    *,
    earlier: Sequence[WalletEffect] = (),
    reduced_minor: int = 0,
) -> int:
    """What points that could not be taken lower the cash by, where the programme says so. Never below no cash.

    It is the total after the ``earlier`` refunds and this one less what those have lowered the cash by,
    ``reduced_minor``: in how many parts the goods come back saves nobody a rounding, and what was more than the cash
    of one part is kept from the next.
    """
    value = document.spending.value
    if document.refunds.shortfall != "reduce_cash" or value is None:
        return 0
    wallet = document.spending.wallet or document.primary_wallet
    left = sum(effect.left for effect in (*earlier, *effects) if effect.wallet == wallet)
    return max(0, min(left * value.minor // value.points - reduced_minor, cash_minor))


def _settings(wallets: Mapping[str, Wallet], code: str) -> Wallet:
    """The wallet's settings; a wallet that a later programme dropped keeps the default ones."""
    return wallets.get(code) or Wallet(code=code, names={})


def effect_of(code: str, taken: ClawBack | None, returned: int) -> WalletEffect:
    """What was taken of a wallet and returned to it, as it is kept."""
    done = taken or ClawBack()
    return WalletEffect(
        wallet=code,
        taken=done.total,
        from_lots=done.from_lots,
        forgiven=done.forgiven,
        owed=done.owed,
        written_off=done.written_off,
        left=done.left,
        returned=returned,
    )
