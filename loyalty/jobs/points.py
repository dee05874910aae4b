"""Jobs that move points: grants, and what is owed for the past."""

from collections.abc import Mapping
from datetime import datetime

from kernel.events import publish
from loyalty.events import PointsAdjusted
from loyalty.jobs.effects import Asked, has_room_for, move_points
from loyalty.jobs.effects import take_back as take_points_back
from loyalty.jobs.items import Settled
from loyalty.jobs.page import Page
from loyalty.ledger.due import apply_due
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.writing import write_accounts
from loyalty.refunds.tracing import trace_earned


async def move(page: Page, asked: Asked) -> dict[int, Settled]:
    """Give and take what was previewed."""
    act = Act(Cause("job", page.job.job_id), page.actor, page.now, page.now, page.job.reason)
    settled: dict[int, Settled] = {}
    events: list[PointsAdjusted] = []
    for member_id, item in page.items.items():
        account = page.accounts[member_id]
        apply_due(account, page.now)
        if not has_room_for(account, item.points):
            settled[member_id] = Settled(state="skipped", why="out_of_range")
            continue
        first_no = account.last_entry_no + 1
        moved = move_points(account, item.points, asked, act)
        settled[member_id] = Settled(state="applied", moved=moved)
        events += _adjusted(member_id, first_no, moved, page.now)
    await _write(page, events)
    return settled


async def give_back(page: Page, asked: Asked) -> dict[int, Settled]:
    """Take back what was moved: from each item's own lots first."""
    cause = Cause("job", page.job.job_id)
    act = Act(Cause("job_reversal", page.job.job_id), page.actor, page.now, page.now, page.job.reason)
    settled: dict[int, Settled] = {}
    events: list[PointsAdjusted] = []
    for member_id, item in page.items.items():
        account = page.accounts[member_id]
        apply_due(account, page.now)
        own = await trace_earned(page.connection, account, member_id, cause)
        first_no = account.last_entry_no + 1
        returned = take_points_back(account, item.moved or {}, asked, act, cause=cause, own=own)
        settled[member_id] = Settled(state="reversed", returned=returned)
        events += _adjusted(account.member_id, first_no, returned, page.now)
    await _write(page, events)
    return settled


async def _write(page: Page, events: list[PointsAdjusted]) -> None:
    changed = {account.member_id: account for account in page.accounts.values() if account.is_changed}
    await write_accounts(page.connection, list(changed.values()))
    await publish(page.connection, events, now=page.now)


def _adjusted(member_id: int, entry_no: int, moved: Mapping[str, int], now: datetime) -> list[PointsAdjusted]:
    return [
        PointsAdjusted(member_id=member_id, entry_no=entry_no, wallet=wallet, points=points, occurred_at=now)
        for wallet, points in sorted(moved.items())
        if points
    ]
