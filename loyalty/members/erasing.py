"""A person is forgotten; the ledger keeps its sums."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import SQLModel, col, delete, update

from kernel.database import WriteSession, driver
from kernel.events import publish
from loyalty.events import MemberErased
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.moving import forfeit
from loyalty.ledger.opening import open_account
from loyalty.ledger.writing import write_accounts
from loyalty.members.family import family_of
from loyalty.members.ids import member_public_id
from loyalty.models import (
    ActionProof,
    ConfirmationRequest,
    Consent,
    Identity,
    Member,
    MemberFact,
    MemberSession,
    MemberTrace,
    OneTimeCode,
    PayoutPayee,
    Person,
    PersonIdentity,
    QrUse,
    ReferralCode,
    SegmentMember,
    TierBonus,
    TierDay,
    TierStanding,
)
from loyalty.payouts.finding import require_none_owed
from loyalty.rewards.ending import end_held

_OF_A_PERSON: tuple[type[SQLModel], ...] = (
    Person,
    PersonIdentity,
    Identity,
    Consent,
    MemberFact,
    MemberSession,
    MemberTrace,
    OneTimeCode,
    QrUse,
    ConfirmationRequest,
    SegmentMember,
    TierStanding,
    TierDay,
    TierBonus,
    ActionProof,
    PayoutPayee,
    ReferralCode,
)
"""Rows that exist for the person. Purchases, journal and lots name nobody and stay."""

_ERASE_AUDIT_DETAILS = """
DELETE FROM audit_detail d USING audit_entry e WHERE e.audit_id = d.audit_id AND e.subject = ANY($1::text[])
"""


async def erase_member(session: WriteSession, member_id: int, *, actor: str, reason: str, now: datetime) -> int:
    """Forfeit the balance by an entry and remove the person, with those who were merged into them. Once and for all.

    The numbers of the ledger do not change. A sale that still comes in is recorded and earns nothing. Erasing somebody
    who has been erased changes nothing. Answers the member's number; raises ``MemberNotFoundError``.
    """
    connection = await driver(session)
    account = await open_account(connection, member_id, now=now)
    if account.status == "erased":
        return account.member_id
    family = await family_of(connection, account.member_id)
    await require_none_owed(session, family)
    forfeit(account, Act(Cause("erasure", 0), actor, now, now, reason))
    await write_accounts(connection, [account])
    await end_held(session, account.member_id, actor=actor, now=now)
    await forget_persons(session, family)
    statement = update(Member).where(col(Member.member_id) == account.member_id)
    await session.exec(statement.values(status="erased", tier=None))
    await publish(connection, [MemberErased(member_id=account.member_id, erased_at=now)], now=now)
    return account.member_id


async def forget_persons(session: WriteSession, members: Sequence[int]) -> None:
    """Remove whatever says who these members were. Their numbers, points and sales stay."""
    for table in _OF_A_PERSON:
        await session.exec(delete(table).where(col(table.member_id).in_(members)))  # type: ignore[attr-defined]
    public_ids = [member_public_id(member) for member in members]
    await (await driver(session)).execute(_ERASE_AUDIT_DETAILS, public_ids)
