"""Taking a job back as one, a page of members in a transaction: from each exactly what the job gave, and once."""

from datetime import datetime

from kernel.database import WriteSession, driver
from loyalty.jobs.doing import undo
from loyalty.jobs.items import Settled, items_of, next_members, settle_items, skip_the_rest
from loyalty.jobs.kinds import Asked
from loyalty.jobs.page import Page
from loyalty.ledger.forwarding import surviving_members
from loyalty.ledger.loading import lock_accounts
from loyalty.models import Job


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
    settled |= await undo(Page(session, connection, job, due, mine, now), asked)
    await settle_items(connection, job.job_id, settled, now=now)
    return len(members)
