"""Taking a job back as one, a page of members in a transaction: from each exactly what the job gave, and once."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from kernel.database import WriteSession, driver
from kernel.events import publish
from loyalty.events import PointsAdjusted
from loyalty.jobs.applying import adjusted
from loyalty.jobs.effects import take_back
from loyalty.jobs.items import Item, Settled, items_of, next_members, settle_items, skip_the_rest
from loyalty.jobs.kinds import Asked, PointsGrant, Retroactive, SegmentChange, StandingChange
from loyalty.ledger.account import Account
from loyalty.ledger.due import apply_due
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.forwarding import surviving_members
from loyalty.ledger.loading import lock_accounts
from loyalty.ledger.writing import write_accounts
from loyalty.members.freezing import Standing, set_standings, standing_of
from loyalty.models import Job
from loyalty.refunds.tracing import trace_earned
from loyalty.segments.lists import change_membership

if TYPE_CHECKING:
    from asyncpg import Connection, Record


async def reverse_page(session: WriteSession, job: Job, asked: Asked, *, limit: int, now: datetime) -> int:
    """Take back what the next ``limit`` members were given; how many were looked at, 0 when there are none left.

    A member who was merged since then stands for the survivor. From one who was erased nothing can be taken, and what
    somebody has changed since stays as they wanted it: those items are ``kept``, with why.
    """
    connection = await driver(session)
    members = await next_members(connection, job.job_id, "applied", limit=limit)
    if not members:
        await skip_the_rest(connection, job.job_id, now=now)
        return 0
    forwarded = await surviving_members(connection, members)
    owners = {member_id: forwarded.get(member_id, member_id) for member_id in members}
    accounts = await lock_accounts(connection, owners.values(), now=now, with_lots=set(owners.values()))
    items = await items_of(connection, job.job_id, "applied", members)
    settled = {
        member_id: Settled(state="kept", why="member_erased")
        for member_id in items
        if accounts[owners[member_id]].status == "erased"
    }
    # Who was merged between the look-up and the lock comes again with the next page.
    due = {
        member_id: item
        for member_id, item in items.items()
        if member_id not in settled and accounts[owners[member_id]].merged_into is None
    }
    mine = {member_id: accounts[owners[member_id]] for member_id in due}
    settled |= await _reverse(connection, job, asked, due, mine, now=now)
    await settle_items(connection, job.job_id, settled, now=now)
    return len(members)


async def _reverse(
    connection: "Connection[Record]",
    job: Job,
    asked: Asked,
    items: Mapping[int, Item],
    accounts: Mapping[int, Account],
    *,
    now: datetime,
) -> dict[int, Settled]:
    if isinstance(asked, SegmentChange):
        theirs = [accounts[m].member_id for m, item in items.items() if item.before and item.before["changed"]]
        await change_membership(connection, asked.segment, theirs, "remove" if asked.change == "add" else "add", now)
        return {member_id: Settled(state="reversed", returned={}) for member_id in items}
    if isinstance(asked, StandingChange):
        return await _restore_standings(connection, asked, items, accounts)
    return await _return(connection, job, asked, items, accounts, now=now)


async def _restore_standings(
    connection: "Connection[Record]",
    asked: StandingChange,
    items: Mapping[int, Item],
    accounts: Mapping[int, Account],
) -> dict[int, Settled]:
    settled: dict[int, Settled] = {}
    standings: dict[int, Standing] = {}
    for member_id, item in items.items():
        account = accounts[member_id]
        if account.member_id != member_id or standing_of(account) != asked.standing:
            settled[member_id] = Settled(state="kept", why="changed_since")
            continue
        standings[member_id] = msgspec.convert((item.before or {})["standing"], Standing)
        settled[member_id] = Settled(state="reversed", returned={})
    await set_standings(connection, standings)
    return settled


async def _return(
    connection: "Connection[Record]",
    job: Job,
    asked: Retroactive | PointsGrant,
    items: Mapping[int, Item],
    accounts: Mapping[int, Account],
    *,
    now: datetime,
) -> dict[int, Settled]:
    cause = Cause("job", job.job_id)
    act = Act(Cause("job_reversal", job.job_id), f"job:{job.job_id}", now, now, job.reason)
    settled: dict[int, Settled] = {}
    events: list[PointsAdjusted] = []
    for member_id, item in items.items():
        account = accounts[member_id]
        apply_due(account, now)
        own = await trace_earned(connection, account, member_id, cause)
        first_no = account.last_entry_no + 1
        returned = take_back(account, item.moved or {}, asked, act, cause=cause, own=own)
        settled[member_id] = Settled(state="reversed", returned=returned)
        events += adjusted(account.member_id, first_no, returned, now)
    changed = {account.member_id: account for account in accounts.values() if account.is_changed}
    await write_accounts(connection, list(changed.values()))
    await publish(connection, events, now=now)
    return settled
