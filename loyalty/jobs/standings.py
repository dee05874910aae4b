"""Jobs that freeze, block or release members. What somebody has changed since stays as they wanted it."""

import msgspec

from loyalty.jobs.items import Settled
from loyalty.jobs.kinds import StandingChange
from loyalty.jobs.page import Page
from loyalty.members.freezing import Standing, set_standings, standing_of


async def change(page: Page, asked: StandingChange) -> dict[int, Settled]:
    """Give each member the standing, and keep the one before."""
    await set_standings(page.connection, dict.fromkeys(page.items, asked.standing))
    return {
        member_id: Settled(state="applied", moved={}, before={"standing": standing_of(page.accounts[member_id])})
        for member_id in page.items
    }


async def restore(page: Page, asked: StandingChange) -> dict[int, Settled]:
    """Give back the standing before."""
    settled: dict[int, Settled] = {}
    standings: dict[int, Standing] = {}
    for member_id, item in page.items.items():
        account = page.accounts[member_id]
        if account.member_id != member_id or standing_of(account) != asked.standing:
            settled[member_id] = Settled(state="kept", why="changed_since")
            continue
        standings[member_id] = msgspec.convert((item.before or {})["standing"], Standing)
        settled[member_id] = Settled(state="reversed", returned={})
    await set_standings(page.connection, standings)
    return settled
