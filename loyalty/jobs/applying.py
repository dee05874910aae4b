"""Applying a job, a page of members in a transaction. What a page has settled no other page meets again."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from kernel.database import WriteSession, driver
from kernel.events import publish
from loyalty.events import PointsAdjusted
from loyalty.jobs.effects import has_room_for, move_points
from loyalty.jobs.items import Item, Settled, items_of, next_members, settle_items
from loyalty.jobs.kinds import Asked, PointsGrant, Retroactive, SegmentChange, StandingChange
from loyalty.jobs.owing import Owed, let_through, note_payments, sums_of
from loyalty.ledger.account import Account
from loyalty.ledger.due import apply_due
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.loading import lock_accounts
from loyalty.ledger.writing import write_accounts
from loyalty.members.freezing import set_standings, standing_of
from loyalty.models import Job
from loyalty.segments.lists import change_membership

if TYPE_CHECKING:
    from asyncpg import Connection, Record

Recheck = Callable[["Connection[Record]", Collection[int]], Awaitable[Sequence[Owed]]]
"""What members who are locked are owed now."""
_GONE: Final = ("merged", "erased")


async def apply_page(
    session: WriteSession, job: Job, asked: Asked, *, recheck: Recheck | None, limit: int, now: datetime
) -> int:
    """Do to the next ``limit`` members what was previewed; how many were settled, 0 when there are none left.

    Locks the members in ascending order and reads the items after that: one that another worker has settled meanwhile
    is left alone. Members who were merged or erased since the preview are skipped, and so are, with ``recheck``, those
    to whom it says another amount now: nobody is given what was not previewed.
    """
    connection = await driver(session)
    members = await next_members(connection, job.job_id, "previewed", limit=limit)
    if not members:
        return 0
    accounts = await lock_accounts(connection, members, now=now, with_lots=members)
    items = await items_of(connection, job.job_id, "previewed", members)
    settled = {
        member_id: Settled(state="skipped", why=f"member_{accounts[member_id].status}")
        for member_id in items
        if accounts[member_id].status in _GONE
    }
    owed: Sequence[Owed] = ()
    if recheck is not None and isinstance(asked, Retroactive):
        owed = await recheck(connection, items)
        amounts = let_through(sums_of(owed), asked.direction)
        changed = (member_id for member_id, item in items.items() if amounts.get(member_id, {}) != item.points)
        settled |= {
            member_id: Settled(state="skipped", why="facts_changed")
            for member_id in changed
            if member_id not in settled
        }
    due = {member_id: item for member_id, item in items.items() if member_id not in settled}
    settled |= await _apply(connection, job, asked, due, accounts, now=now)
    await settle_items(connection, job.job_id, settled, now=now)
    paid = {member_id: item.points for member_id, item in due.items() if settled[member_id].state == "applied"}
    await note_payments(connection, job.job_id, owed, paid)
    return len(members)


async def _apply(
    connection: "Connection[Record]",
    job: Job,
    asked: Asked,
    items: Mapping[int, Item],
    accounts: Mapping[int, Account],
    *,
    now: datetime,
) -> dict[int, Settled]:
    if isinstance(asked, SegmentChange):
        changed = await change_membership(connection, asked.segment, items.keys(), asked.change, now)
        return {
            member_id: Settled(state="applied", moved={}, before={"changed": member_id in changed})
            for member_id in items
        }
    if isinstance(asked, StandingChange):
        await set_standings(connection, dict.fromkeys(items, asked.standing))
        return {
            member_id: Settled(state="applied", moved={}, before={"standing": standing_of(accounts[member_id])})
            for member_id in items
        }
    return await _move(connection, job, asked, items, accounts, now=now)


async def _move(
    connection: "Connection[Record]",
    job: Job,
    asked: Retroactive | PointsGrant,
    items: Mapping[int, Item],
    accounts: Mapping[int, Account],
    *,
    now: datetime,
) -> dict[int, Settled]:
    act = Act(Cause("job", job.job_id), f"job:{job.job_id}", now, now, job.reason)
    settled: dict[int, Settled] = {}
    events: list[PointsAdjusted] = []
    for member_id, item in items.items():
        account = accounts[member_id]
        apply_due(account, now)
        if not has_room_for(account, item.points):
            settled[member_id] = Settled(state="skipped", why="out_of_range")
            continue
        first_no = account.last_entry_no + 1
        moved = move_points(account, item.points, asked, act)
        settled[member_id] = Settled(state="applied", moved=moved)
        events += adjusted(member_id, first_no, moved, now)
    await write_accounts(connection, [account for account in accounts.values() if account.is_changed])
    await publish(connection, events, now=now)
    return settled


def adjusted(member_id: int, entry_no: int, moved: Mapping[str, int], now: datetime) -> list[PointsAdjusted]:
    """What others are told of a member's points that a job has moved."""
    return [
        PointsAdjusted(member_id=member_id, entry_no=entry_no, wallet=wallet, points=points, occurred_at=now)
        for wallet, points in sorted(moved.items())
        if points
    ]
