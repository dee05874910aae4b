"""The ends that a redemption may come to, other than being used: each once, under the lock of its member."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from sqlmodel import col, select

from kernel.database import WriteSession, driver
from kernel.errors import ConflictError
from loyalty.ledger.account import Account
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.holding import release_hold
from loyalty.ledger.moving import forfeit
from loyalty.ledger.opening import open_account
from loyalty.ledger.restoring import restore
from loyalty.ledger.writing import write_accounts
from loyalty.models import Redemption
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.rewards import DISCOUNT_KINDS, PAYOUT
from loyalty.programme.wallets import ExpiredRestore
from loyalty.refunds.tracing import trace_captured
from loyalty.rewards.codes import RedemptionNotFoundError
from loyalty.rewards.coupons import take_coupon_back
from loyalty.rewards.finding import read_redemption
from loyalty.rewards.issuing import note_changes
from loyalty.rewards.passing_on import pass_on
from loyalty.rewards.states import OPEN, state_at
from loyalty.rewards.stock import return_pieces

GivenBack: TypeAlias = Literal["cancelled", "refunded"]
_BACK_AT_ONCE = ExpiredRestore()
_VOIDED = """
SELECT r.redemption_no FROM redemption AS r
WHERE r.member_id = $1 AND r.state IN ('reserved', 'issued') AND EXISTS (
    SELECT FROM jsonb_array_elements(r.prices) AS p JOIN hold AS h ON h.hold_no = (p ->> 'hold_no')::bigint
    WHERE h.member_id = r.member_id AND h.status IN ('voided', 'expired')
)
"""


class RedemptionNotOpenError(ConflictError):
    """It has come to its end: ``redemption_state`` says to which."""

    code = "redemption_not_open"
    title = "This redemption has been used, or has ended otherwise."


class NotCancellableError(ConflictError):
    """The reward says that what was issued is not taken back, or it is a payout that was approved."""

    code = "redemption_not_cancellable"
    title = "This reward cannot be given back."


async def lock_redemption(session: WriteSession, key: tuple[int, int], *, now: datetime) -> tuple[Account, Redemption]:
    """The redemption with its member's account, or that of the one they were merged into, locked and up to date.

    Raises ``RedemptionNotFoundError``.
    """
    await read_redemption(session, key)
    account = await open_account(await driver(session), key[0], now=now)
    return account, await read_redemption(session, key)


async def cancel_redemption(
    session: WriteSession,
    key: tuple[int, int],
    *,
    document: ProgrammeDocument,
    actor: str,
    reason: str | None = None,
    by_member: int | None = None,
    now: datetime,
) -> Redemption:
    """Take back one that is open: its points return to their lots, its piece to the stock.

    ``by_member``: whoever asks for their own, which the reward has to allow. Raises ``RedemptionNotFoundError``,
    ``RedemptionNotOpenError`` and ``NotCancellableError``.
    """
    account, redemption = await lock_redemption(session, key, now=now)
    if by_member is not None and account.member_id != by_member:
        raise RedemptionNotFoundError
    require_open(redemption, now=now)
    if redemption.kind == PAYOUT and redemption.state != "reserved":
        raise NotCancellableError("A payout that is approved is paid, or said to have failed.")
    if by_member is not None and not _is_cancellable(redemption, document):
        raise NotCancellableError
    await give_back(session, account, redemption, "cancelled", document=document, actor=actor, reason=reason, now=now)
    return redemption


async def fulfil_redemption(session: WriteSession, key: tuple[int, int], *, actor: str, now: datetime) -> Redemption:
    """The member has it now. Raises ``RedemptionNotFoundError`` and ``RedemptionNotOpenError``, also for a discount,
    which is used at a till, and for a payout, which is exported first.
    """
    account, redemption = await lock_redemption(session, key, now=now)
    require_open(redemption, now=now)
    if redemption.kind in (*DISCOUNT_KINDS, PAYOUT):
        raise RedemptionNotOpenError("This one is not handed over.", redemption_state=redemption.state)
    await write_accounts(await driver(session), [account])
    await end(session, redemption, "fulfilled", actor=actor, now=now)
    return redemption


def require_open(redemption: Redemption, *, now: datetime) -> None:
    """Raises ``RedemptionNotOpenError``."""
    if (state := state_at(redemption, now)) not in OPEN:
        raise RedemptionNotOpenError(None, redemption_state=state)


async def give_back(
    session: WriteSession,
    account: Account,
    redemption: Redemption,
    state: GivenBack,
    *,
    document: ProgrammeDocument,
    actor: str,
    reason: str | None = None,
    now: datetime,
) -> None:
    """Undo it whole: holds are released, what was spent is restored, a piece is there again.

    Of an erased member, what comes back is forfeited.
    """
    connection = await driver(session)
    act = Act(Cause("redemption", redemption.redemption_no), actor, now, now, reason)
    settings = {wallet.code: wallet.expired_restore for wallet in document.wallets}
    for price in redemption.prices:
        hold = account.holds.get(price["hold_no"]) if account.member_id == redemption.member_id else None
        if hold is not None and hold.is_open:
            release_hold(account, hold, "voided", act)
            continue
        spent = await trace_captured(connection, account, redemption.member_id, price["hold_no"])
        points = sum(lot.out for lot in spent)
        expired = settings.get(price["wallet"], _BACK_AT_ONCE)
        restore(account, price["wallet"], points, act, cause=act.cause, spent=spent, expired=expired)
    if account.status == "erased":
        forfeit(account, act)
    await write_accounts(connection, [account])
    await return_pieces(connection, [redemption.reward])
    await take_coupon_back(connection, member_id=redemption.member_id, redemption_no=redemption.redemption_no)
    await end(session, redemption, state, actor=actor, reason=reason, now=now)


async def refund_used_in(
    session: WriteSession,
    member_id: int,
    purchase_no: int,
    *,
    document: ProgrammeDocument,
    actor: str,
    now: datetime,
) -> None:
    """The sale is undone, its member locked: what was used in it is refunded.

    A present cost its owner nothing that could be given back: they have it anew, for as long as it was good.
    """
    connection = await driver(session)
    statement = select(Redemption).where(
        col(Redemption.purchase_member_id) == member_id,
        col(Redemption.purchase_no) == purchase_no,
        col(Redemption.state) == "used",
    )
    order = (col(Redemption.member_id), col(Redemption.redemption_no))
    for redemption in (await session.exec(statement.order_by(*order))).all():
        account = await open_account(connection, redemption.member_id, now=now)
        is_over = redemption.expires_at is not None and redemption.expires_at <= now
        if (giver := present_from(redemption)) and not is_over and account.status != "erased":
            await write_accounts(connection, [account])
            again = await pass_on(session, redemption, account, given_by=giver, actor=actor, now=now)
            await end(session, redemption, "refunded", actor=actor, now=now)
            await note_changes(session, [again], now=now)
            continue
        await give_back(session, account, redemption, "refunded", document=document, actor=actor, now=now)


async def end_held(session: WriteSession, member_id: int, *, actor: str, now: datetime) -> None:
    """The member is merged away or erased, locked, and every hold has been voided: what they paid for ends with them.

    The points went where all others went. What was spent, and what cost nothing, stays good.
    """
    numbers = await (await driver(session)).fetch(_VOIDED, member_id)
    wanted = [row["redemption_no"] for row in numbers]
    statement = select(Redemption).where(
        col(Redemption.member_id) == member_id, col(Redemption.redemption_no).in_(wanted)
    )
    rows = (await session.exec(statement.order_by(col(Redemption.redemption_no)))).all() if wanted else []
    await end_all(session, [row for row in rows if state_at(row, now) != "expired"], "cancelled", actor=actor, now=now)
    await end_all(session, [row for row in rows if state_at(row, now) == "expired"], "expired", actor="system", now=now)


async def end_all(
    session: WriteSession, redemptions: Sequence[Redemption], state: str, *, actor: str, now: datetime
) -> None:
    """Note the end of redemptions whose points have been dealt with, and return their pieces: not that of a coupon."""
    await return_pieces(await driver(session), [one.reward for one in redemptions if one.coupon is None])
    for redemption in redemptions:
        await end(session, redemption, state, actor=actor, now=now)


async def end(
    session: WriteSession, redemption: Redemption, state: str, *, actor: str, reason: str | None = None, now: datetime
) -> None:
    """Note the end and tell the others. Where time did it, it ended when its time was over."""
    redemption.state = state
    redemption.ended_at = redemption.expires_at if state == "expired" else now
    redemption.actor, redemption.reason = actor, reason
    await note_changes(session, [redemption], now=now)


def present_from(redemption: Redemption) -> tuple[int, int] | None:
    """The redemption that was paid, where this one was a present."""
    if redemption.from_member_id is None or redemption.from_redemption_no is None:
        return None
    return redemption.from_member_id, redemption.from_redemption_no


def _is_cancellable(redemption: Redemption, document: ProgrammeDocument) -> bool:
    """As the programme in force says; what it no longer knows can be given back. Never a code that was seen, nor a
    present, whose points are not its owner's.
    """
    return (redemption.coupon, redemption.from_member_id) == (None, None) and all(
        reward.cancellable for reward in document.rewards if reward.code == redemption.reward
    )
