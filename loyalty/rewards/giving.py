"""Making a present of an issued reward: its owner shows a code, and whoever claims it has it from then on.

Until it is claimed it stays its owner's, who can use it or take the present back: whatever comes first counts. With the
claim the giver's redemption ends as ``given``, its held points are spent, and the receiver has one of their own with a
new code. A present is not given on, so that nothing goes round.
"""

from datetime import datetime

from sqlmodel import col, delete, select

from kernel.database import ReadSession, WriteSession, driver
from kernel.errors import ConflictError
from loyalty.holds import SpendingBlockedError
from loyalty.ledger.account import Account
from loyalty.ledger.due import apply_due
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.forwarding import surviving_members
from loyalty.ledger.loading import lock_accounts
from loyalty.ledger.writing import write_accounts
from loyalty.members.ids import MemberNotFoundError
from loyalty.models import PresentCode, Redemption
from loyalty.programme.publishing import snapshot_of
from loyalty.programme.versions import Programmes
from loyalty.quoting import cannot_spend
from loyalty.rewards.codes import PresentNotFoundError, RedemptionNotFoundError, new_present_code
from loyalty.rewards.eligibility import reasons_against_receiving
from loyalty.rewards.ending import lock_redemption, require_open
from loyalty.rewards.finding import read_redemption
from loyalty.rewards.issuing import note_changes
from loyalty.rewards.passing_on import pass_on
from loyalty.rewards.paying import spend_held
from loyalty.rewards.reasons import RewardRefusedError
from loyalty.rewards.situating import read_situation
from loyalty.rewards.states import state_at


class NotTransferableError(ConflictError):
    """The reward does not allow it, or it was a present already."""

    code = "redemption_not_transferable"
    title = "This reward cannot be given to somebody else."


class PresentGoneError(ConflictError):
    """It was claimed, used, or has ended otherwise."""

    code = "present_gone"
    title = "This present is gone."


class OwnPresentError(ConflictError):
    """The claimer is its owner."""

    code = "own_present"
    title = "This is your own reward already."


async def offer_present(
    session: WriteSession, key: tuple[int, int], *, programmes: Programmes, by_member: int, now: datetime
) -> Redemption:
    """Have a code for it; the same one for as long as it can be claimed.

    Raises ``RedemptionNotFoundError`` for one of somebody else, ``RedemptionNotOpenError``, ``NotTransferableError``
    and ``SpendingBlockedError``.
    """
    account, redemption = await _lock_own(session, key, by_member, now=now)
    require_open(redemption, now=now)
    version = await snapshot_of(session, programmes, redemption.programme_version)
    if not version.rewards[redemption.reward].transferable or redemption.from_member_id is not None:
        raise NotTransferableError
    if cannot_spend(account):
        raise SpendingBlockedError
    if redemption.present_code is None:
        redemption.present_code = new_present_code()
        code = PresentCode(claim_code=redemption.present_code, member_id=key[0], redemption_no=key[1])
        session.add_all([redemption, code])
    await write_accounts(await driver(session), [account])
    await session.flush()
    return redemption


async def withdraw_present(session: WriteSession, key: tuple[int, int], *, by_member: int, now: datetime) -> None:
    """Its code claims nothing any more. Raises ``RedemptionNotFoundError``, ``PresentNotFoundError`` where there is
    none, and ``RedemptionNotOpenError`` once it was claimed.
    """
    account, redemption = await _lock_own(session, key, by_member, now=now)
    if redemption.present_code is None:
        raise PresentNotFoundError
    require_open(redemption, now=now)
    await session.exec(delete(PresentCode).where(col(PresentCode.claim_code) == redemption.present_code))
    redemption.present_code = None
    session.add(redemption)
    await write_accounts(await driver(session), [account])
    await session.flush()


async def claim_present(
    session: WriteSession, claim_code: str, member_id: int, *, programmes: Programmes, actor: str, now: datetime
) -> Redemption:
    """The member's own redemption, of what ``claim_code``, in its kept form, gives away. Once: of two who claim, one.

    Raises ``PresentNotFoundError``, ``PresentGoneError``, ``OwnPresentError``, and ``RewardRefusedError`` where the
    reward, as it was issued, is not for this member or they have had it as often as one may.
    """
    key = await _key_of_claim(session, claim_code)
    giver, receiver = await _lock_both(session, key[0], member_id, now=now)
    redemption = await read_redemption(session, key)
    is_open = redemption.present_code == claim_code and state_at(redemption, now) == "issued"
    if not is_open or cannot_spend(giver):
        raise PresentGoneError
    version = await snapshot_of(session, programmes, redemption.programme_version)
    situation = await read_situation(await driver(session), receiver, version, left={}, now=now)
    if reasons := reasons_against_receiving(version.rewards[redemption.reward], situation, version):
        raise RewardRefusedError(reasons)
    received = await pass_on(session, redemption, receiver, given_by=key, actor=actor, now=now)
    spend_held(redemption, giver, Act(Cause("redemption", redemption.redemption_no), actor, now, now))
    redemption.state, redemption.ended_at, redemption.actor = "given", now, actor
    redemption.to_member_id, redemption.to_redemption_no = received.member_id, received.redemption_no
    await write_accounts(await driver(session), sorted((giver, receiver), key=lambda account: account.member_id))
    await note_changes(session, [redemption, received], now=now)
    return received


async def _lock_own(
    session: WriteSession, key: tuple[int, int], by_member: int, *, now: datetime
) -> tuple[Account, Redemption]:
    account, redemption = await lock_redemption(session, key, now=now)
    if account.member_id != by_member:
        raise RedemptionNotFoundError
    return account, redemption


async def _lock_both(
    session: WriteSession, giver_id: int, receiver_id: int, *, now: datetime
) -> tuple[Account, Account]:
    """Those whom the two have been merged into, locked in ascending order, and what is due applied."""
    connection = await driver(session)
    survivors = await surviving_members(connection, [giver_id, receiver_id])
    giver_id, receiver_id = survivors.get(giver_id, giver_id), survivors.get(receiver_id, receiver_id)
    if giver_id == receiver_id:
        raise OwnPresentError
    both = (giver_id, receiver_id)
    accounts = await lock_accounts(connection, both, now=now, with_lots=both)
    if len(accounts) < len(both):
        raise MemberNotFoundError
    if any(account.merged_into is not None for account in accounts.values()):
        # Merged between the look-up and the lock.
        return await _lock_both(session, giver_id, receiver_id, now=now)
    for account in accounts.values():
        apply_due(account, now)
    return accounts[giver_id], accounts[receiver_id]


async def _key_of_claim(session: ReadSession, claim_code: str) -> tuple[int, int]:
    statement = select(PresentCode.member_id, PresentCode.redemption_no).where(
        col(PresentCode.claim_code) == claim_code
    )
    found = (await session.exec(statement)).one_or_none()
    if found is None:
        raise PresentNotFoundError
    return found
