"""Points given or taken by staff, with a reason."""

from dataclasses import dataclass
from datetime import datetime

from kernel.database import WriteSession, driver
from kernel.errors import ConflictError, UnprocessableError
from kernel.events import publish
from loyalty.events import PointsAdjusted
from loyalty.ledger.adjusting import adjust_down, adjust_up
from loyalty.ledger.earning import Grant
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.opening import open_account
from loyalty.ledger.terms import NEVER
from loyalty.ledger.writing import write_accounts
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.policies import ExpiryPolicy
from loyalty.tiers.marking import mark_standing


class WalletNotFoundError(UnprocessableError):
    """The programme in force has no such wallet."""

    code = "wallet_not_found"
    title = "The programme has no such wallet."


class ExpiryImpossibleError(UnprocessableError):
    """Points that are taken do not expire, and given ones not before they are there."""

    code = "expiry_impossible"
    title = "Only points that are given expire, and later than now."


class MemberNotActiveError(ConflictError):
    """The member's standing does not allow it."""

    code = "member_not_active"
    title = "The member is not active."


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """What was done: the journal entry and the balance after it."""

    member_id: int
    wallet: str
    points: int
    entry_no: int
    balance: int


async def adjust_points(
    session: WriteSession,
    member_id: int,
    *,
    wallet: str,
    points: int,
    reason: str,
    actor: str,
    programme: ProgrammeDocument,
    now: datetime,
    expiry: ExpiryPolicy | None = None,
    expires_at: datetime | None = None,
    into_debt: bool = False,
) -> Adjustment:
    """Give (``points`` > 0) or take (< 0) points; given ones live by ``expiry``, the programme's by default.

    An instant ``expires_at``, exclusive, takes the place of any policy. Raises ``MemberNotFoundError``,
    ``WalletNotFoundError``, ``ExpiryImpossibleError``, ``MemberNotActiveError`` for an erased member, and
    ``InsufficientPointsError`` when more is to be taken than is available, unless what is missing may become debt.
    """
    if not points:
        raise UnprocessableError("An adjustment moves at least one point.")
    if wallet not in {known.code for known in programme.wallets}:
        raise WalletNotFoundError(None, wallet=wallet)
    if expires_at is not None and (points < 0 or expires_at <= now):
        raise ExpiryImpossibleError
    connection = await driver(session)
    account = await open_account(connection, member_id, now=now)
    if account.status == "erased":
        raise MemberNotActiveError(None, member_status=account.status)
    act = Act(Cause("adjustment", account.last_entry_no + 1), actor, now, now, reason)
    entry_no = account.last_entry_no + 1
    if points > 0:
        lives = NEVER if expires_at is not None else expiry or programme.expiry
        adjust_up(account, Grant(wallet, points, now, lives, expires_at), act)
    else:
        adjust_down(account, wallet, -points, act, into_debt=into_debt)
    await write_accounts(connection, [account])
    await mark_standing(connection, account.member_id, "adjustment", now=now)
    await publish(
        connection,
        [PointsAdjusted(member_id=account.member_id, entry_no=entry_no, wallet=wallet, points=points, occurred_at=now)],
        now=now,
    )
    return Adjustment(
        member_id=account.member_id,
        wallet=wallet,
        points=points,
        entry_no=entry_no,
        balance=account.wallet(wallet).balance,
    )
