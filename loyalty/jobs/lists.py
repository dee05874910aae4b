"""Jobs that put members on a list, or take them off it. Undone is what was a change."""

from loyalty.jobs.items import Settled
from loyalty.jobs.kinds import Change, SegmentChange
from loyalty.jobs.page import Page
from loyalty.segments.lists import change_membership


async def change(page: Page, asked: SegmentChange) -> dict[int, Settled]:
    """Change the list."""
    changed = await change_membership(page.connection, asked.segment, page.items.keys(), asked.change, page.now)
    return {
        member_id: Settled(state="applied", moved={}, before={"changed": member_id in changed})
        for member_id in page.items
    }


async def change_back(page: Page, asked: SegmentChange) -> dict[int, Settled]:
    """Change it back, for those whom the job had put on it or taken off."""
    theirs = [
        page.accounts[member_id].member_id
        for member_id, item in page.items.items()
        if item.before and item.before["changed"]
    ]
    other: Change = "remove" if asked.change == "add" else "add"
    await change_membership(page.connection, asked.segment, theirs, other, page.now)
    return {member_id: Settled(state="reversed", returned={}) for member_id in page.items}
