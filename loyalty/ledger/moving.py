"""Points change owner: merge of two members, a gift, the end of a membership."""

from msgspec.structs import replace

from loyalty.ledger.account import Account
from loyalty.ledger.bounds import require_may_owe, require_room
from loyalty.ledger.debt import repay_debt
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.expiring import renew_sliding, settle_freed
from loyalty.ledger.holding import release_hold
from loyalty.ledger.lots import Lot
from loyalty.ledger.spending import choose_lots


def merge_into(source: Account, target: Account, act: Act) -> None:
    """Everything of ``source`` becomes ``target``'s: lots with the same expiry and pending state, and debt.

    Open holds are voided: a sale that still names one is recorded as a late capture on the survivor. Entries, natural
    keys and past purchases stay where they are; later refunds follow the forwarding record and ``origin``. Raises
    ``PointsOutOfRangeError``; nothing has been changed then.
    """
    for wallet in source.wallets.values():
        require_room(target, wallet.wallet, wallet.remaining)
        require_may_owe(target, wallet.wallet, wallet.debt)
    _void_holds(source, act)
    for wallet in list(source.wallets.values()):
        for lot in sorted(source.lots_of(wallet.wallet), key=lambda lot: lot.lot_no):
            if lot.remaining:
                _move_lot(source, target, lot, lot.remaining, act)
        if debt := wallet.debt:
            source.enter(wallet.wallet, "transfer", "debt", debt, act.cause.kind, _seen_from(act, target))
            target.enter(wallet.wallet, "debt", "transfer", debt, act.cause.kind, _seen_from(act, source))
        if wallet.sliding_expires_at is not None:
            policies = [lot.expiry for lot in target.lots_of(wallet.wallet)]
            renew_sliding(target, wallet.wallet, policies, act.occurred_at)
        repay_debt(target, wallet.wallet, act)


def give(source: Account, target: Account, wallet: str, points: int, act: Act) -> None:
    """A gift: ``points`` in spend order, keeping their expiry.

    Raises ``InsufficientPointsError`` and ``PointsOutOfRangeError``; nothing has been changed then.
    """
    require_room(target, wallet, points)
    for lot, share in choose_lots(source, wallet, points, act.now):
        _move_lot(source, target, lot, share, act)
    repay_debt(target, wallet, act)


def forfeit(account: Account, act: Act) -> None:
    """The end: open holds are voided, every point is forfeited and every debt written off."""
    _void_holds(account, act)
    for wallet in list(account.wallets.values()):
        if points := wallet.remaining:
            entry = account.enter(wallet.wallet, "member", "forfeited", points, "forfeited", act)
            for lot in account.lots_of(wallet.wallet):
                if lot.remaining:
                    account.move(lot, "expired", lot.remaining, act, cause=act.cause, entry=entry)
        if debt := wallet.debt:
            account.enter(wallet.wallet, "written_off", "debt", debt, "forfeited", act)


def _void_holds(account: Account, act: Act) -> None:
    for hold in account.holds.values():
        if hold.is_open:
            release_hold(account, hold, "voided", act)


def _move_lot(source: Account, target: Account, lot: Lot, points: int, act: Act) -> None:
    there, here = _seen_from(act, target), _seen_from(act, source)
    leaving = source.enter(lot.wallet, "member", "transfer", points, act.cause.kind, there)
    source.move(lot, "transferred", points, there, cause=there.cause, entry=leaving)
    arriving = target.enter(lot.wallet, "transfer", "member", points, act.cause.kind, here)
    moved = target.open_lot(
        lot.wallet,
        points,
        arriving,
        available_from=lot.available_from,
        expiry=lot.expiry,
        cause=here.cause,
        activated_at=lot.activated_at,
        expires_at=lot.expires_at,
        origin=(source.member_id, lot.lot_no),
    )
    settle_freed(target, moved, here)


def _seen_from(act: Act, other: Account) -> Act:
    """The act as one side records it: its cause names the other side."""
    return replace(act, cause=Cause(act.cause.kind, other.member_id))
