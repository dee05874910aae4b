"""Stamp cards: rewards that are issued by themselves as soon as a member has the points for them.

What a member can pay is looked at anew each time, under their lock. So it does not matter how often, how late or in
which order this is told of points: a card that was full once is issued once.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from kernel.database import WriteSession, driver
from loyalty.events import ActionRecorded, MembersMerged, PointsActivated, PointsAdjusted, PurchaseRecorded
from loyalty.ledger.account import available
from loyalty.ledger.due import apply_due
from loyalty.ledger.forwarding import surviving_members
from loyalty.ledger.loading import lock_members, read_accounts
from loyalty.programme.in_force import snapshot_in_force
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.rewards.eligibility import price_wallets
from loyalty.rewards.issuing import issue_reward
from loyalty.rewards.reasons import RewardRefusedError
from loyalty.rewards.stock import lock_left

if TYPE_CHECKING:
    from asyncpg import Connection, Record

GainEvent: TypeAlias = PurchaseRecorded | ActionRecorded | PointsAdjusted | PointsActivated | MembersMerged
MOST_AT_ONCE: Final = 100
"""Of one reward, to one member: a gift of a million stamps is not one transaction. The next points bring the rest."""


async def issue_full_cards(session: WriteSession, events: Sequence[GainEvent], *, now: datetime) -> None:
    """Issue to the members of ``events`` what the programme in force issues by itself, as often as they can pay it.

    A reward that they cannot have for another reason waits, with its points, until they gain some again.
    """
    programme = await snapshot_in_force(session, now=now)
    if programme is None or not programme.auto_issued:
        return
    connection = await driver(session)
    told = {event.member_id for event in events}
    survivors = await surviving_members(connection, told)
    able = await _able(connection, {survivors.get(member, member) for member in told}, programme, now=now)
    if not able:
        return
    # All of the members first, then all of the stock, before either is locked again one by one.
    await lock_members(connection, able)
    for code in sorted(reward.code for reward in programme.auto_issued):
        await lock_left(connection, code, now=now)
    for member_id in able:
        for reward in programme.auto_issued:
            await _issue(session, member_id, reward.code, programme, now=now)


async def _able(
    connection: "Connection[Record]", members: set[int], programme: ProgrammeSnapshot, *, now: datetime
) -> list[int]:
    """Those who can pay for one at least, ascending. Unlocked: who gains points meanwhile has an event of their own."""
    prices = [price_wallets(reward, programme) for reward in programme.auto_issued]
    able = []
    for member_id, account in (await read_accounts(connection, members)).items():
        apply_due(account, now)
        if any(all(available(account, wallet, now) >= asked for wallet, asked in price.items()) for price in prices):
            able.append(member_id)
    return sorted(able)


async def _issue(
    session: WriteSession, member_id: int, code: str, programme: ProgrammeSnapshot, *, now: datetime
) -> None:
    for _ in range(MOST_AT_ONCE):
        try:
            await issue_reward(session, member_id, code, programme=programme, actor="system", now=now)
        except RewardRefusedError:
            return
