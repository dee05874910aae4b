"""A refund as a fact for tiers: as if that much had never been bought. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from loyalty.ledger.account import Account
from loyalty.refunds.original import Original
from loyalty.refunds.reckoning import Reckoning
from loyalty.refunds.returned import WalletEffect
from loyalty.tiers.keeping import take_in
from loyalty.tiers.measures import Measures
from loyalty.tiers.standing import ChangeCause, Standing


def take_in_refund(
    standing: Standing | None,
    account: Account,
    original: Original,
    reckoning: Reckoning,
    effects: Sequence[WalletEffect],
    *,
    refund_no: int,
    now: datetime,
) -> None:
    """Take it from the day of its sale, where that counted for anything."""
    if standing is None or original.evaluation is None:
        return
    after = _added(original.came_back, reckoning.quantities)
    was_kept, is_kept = _is_kept(original, original.came_back), _is_kept(original, after)
    measures = _taken(effects, reckoning.amount_minor)
    measures.purchases = int(is_kept) - int(was_kept)
    day = original.evaluation.purchase.local_date
    take_in(standing, account, day, measures, ChangeCause("refund", refund_no), now=now)


def take_in_unreceipted(
    standing: Standing | None,
    account: Account,
    amount_minor: int,
    effects: Sequence[WalletEffect],
    *,
    refund_no: int,
    day: date,
    now: datetime,
) -> None:
    """Take it from the day on which the goods came back: of which sale they were is not known."""
    if standing is not None:
        cause = ChangeCause("refund", refund_no)
        take_in(standing, account, day, _taken(effects, amount_minor), cause, now=now)


def _taken(effects: Sequence[WalletEffect], amount_minor: int) -> Measures:
    points = {effect.wallet: -effect.taken for effect in effects if effect.taken}
    return Measures(points=points, spend_minor=-amount_minor)


def _added(before: Mapping[str, Decimal], now: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {line_id: before.get(line_id, Decimal(0)) + now.get(line_id, Decimal(0)) for line_id in {*before, *now}}


def _is_kept(original: Original, came_back: Mapping[str, Decimal]) -> bool:
    """Whether anything of the sale has not come back."""
    return any(line.quantity > came_back.get(line.line_id, 0) for line in original.lines)
