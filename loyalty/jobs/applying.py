"""Applying a job, a page of members in a transaction. What a page has settled no other page meets again."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from kernel.database import WriteSession, driver
from loyalty.jobs.doing import do
from loyalty.jobs.items import Settled, items_of, next_members, settle_items
from loyalty.jobs.kinds import Asked, Retroactive
from loyalty.jobs.owing import Owed, let_through, note_payments, sums_of
from loyalty.jobs.page import Page
from loyalty.ledger.loading import lock_accounts
from loyalty.models import Job

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
    settled |= await do(Page(session, connection, job, due, accounts, now), asked)
    await settle_items(connection, job.job_id, settled, now=now)
    paid = {member_id: item.points for member_id, item in due.items() if settled[member_id].state == "applied"}
    await note_payments(connection, job.job_id, owed, paid)
    return len(members)
