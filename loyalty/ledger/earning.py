"""Points come in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from loyalty.earning.calendar import expires_at
from loyalty.earning.evaluation import EarnGroup
from loyalty.ledger.account import Account
from loyalty.ledger.bounds import has_room, require_room
from loyalty.ledger.debt import repay_debt
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.expiring import expire_free, is_past_expiry, renew_sliding
from loyalty.ledger.lots import Lot
from loyalty.programme.policies import SLIDING_EXPIRY_KINDS, ExpiryPolicy


@dataclass(frozen=True, slots=True)
class Grant:
    """Points of one wallet that become available and expire together: one entry and one lot."""

    wallet: str
    points: int
    available_from: datetime
    expiry: ExpiryPolicy
    expires_at: datetime | None = None
    """An instant that was named, in place of the policy's. Only for points that are available at once."""


def grants_of(groups: Iterable[EarnGroup], occurred_at: datetime) -> list[Grant]:
    """The points of an evaluation, those that do not wait available from ``occurred_at``."""
    return [
        Grant(group.wallet, group.points, group.available_from or occurred_at, group.expiry)
        for group in groups
        if group.points
    ]


def why_it_cannot_earn(account: Account) -> tuple[str, ...]:
    """What keeps the member from earning, as a flag; empty where nothing does."""
    if account.status != "active":
        return (f"member_{account.status}",)
    return ("earning_frozen",) if account.earning_frozen else ()


def has_room_for(account: Account, points_by_wallet: Mapping[str, int]) -> bool:
    """Whether the account can keep all of that."""
    return all(has_room(account, wallet, points) for wallet, points in points_by_wallet.items())


def earn(
    account: Account, grants: Sequence[Grant], act: Act, *, source: str = "issued", kind: str = "earned"
) -> list[Lot]:
    """Credit each grant as a lot. Points available by ``act.now`` are activated at once; debt is repaid at once.

    A receipt that comes late may bring points that are already past their expiry: they expire in the same breath, so
    that its history tells why they are not there. Raises ``PointsOutOfRangeError``; nothing has been changed then.
    """
    for code in {grant.wallet for grant in grants}:
        require_room(account, code, sum(grant.points for grant in grants if grant.wallet == code))
    lots = []
    for grant in grants:
        entry = account.enter(grant.wallet, source, "member", grant.points, kind, act)
        active = grant.available_from <= act.now
        ends = grant.expires_at or expires_at(grant.expiry, grant.available_from, account.zone)
        lot = account.open_lot(
            grant.wallet,
            grant.points,
            entry,
            available_from=grant.available_from,
            expiry=grant.expiry,
            cause=act.cause,
            activated_at=grant.available_from if active else None,
            expires_at=ends if active else None,
        )
        lots.append(lot)
        if grant.expiry.kind in SLIDING_EXPIRY_KINDS:
            renew_sliding(account, grant.wallet, [grant.expiry], act.occurred_at)
    for code in {grant.wallet for grant in grants}:
        repay_debt(account, code, act)
    for lot in lots:
        if is_past_expiry(account, lot, act.now):
            expire_free(account, lot, Act(Cause("lot", lot.lot_no), "system", lot.expires_at or act.now, act.now))
    return lots
