"""Jobs that grant a tier by hand. The grant names the job: one that somebody has made since is a later decision, and
stays. What members got while they had the tier is theirs.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import msgspec

from loyalty.jobs.items import Settled
from loyalty.jobs.kinds import TierGrant
from loyalty.jobs.page import Page
from loyalty.ledger.account import Account
from loyalty.ledger.due import apply_due
from loyalty.ledger.writing import write_accounts
from loyalty.programme.in_force import snapshot_in_force
from loyalty.tiers.granting import GrantDayImpossibleError, grant_ends
from loyalty.tiers.keeping import catch_up, change_grant
from loyalty.tiers.loading import load_standings
from loyalty.tiers.plan import NO_TIER
from loyalty.tiers.standing import Grant, Standing
from loyalty.tiers.writing import write_standings

Change: TypeAlias = Callable[[int, Account, Standing], Settled]
"""What becomes of an item, whose account and standing are up to date."""


async def grant(page: Page, asked: TierGrant) -> dict[int, Settled]:
    """Grant the tier in the place of an earlier grant, which is kept with the item."""

    def change(_: int, account: Account, standing: Standing) -> Settled:
        if standing.plan.place(asked.tier) == NO_TIER:
            return Settled(state="skipped", why="tier_not_found")
        try:
            until = grant_ends(asked.last_day, account.zone, now=page.now)
        except GrantDayImpossibleError as refused:
            return Settled(state="skipped", why=refused.code)
        before = None if standing.grant is None else msgspec.to_builtins(standing.grant)
        after = Grant(asked.tier, until, page.job.reason, page.actor, page.now)
        change_grant(standing, account, after, now=page.now)
        return Settled(state="applied", moved={}, before={"grant": before})

    return await _change(page, change, without_tiers=Settled(state="skipped", why="tiers_not_earned"))


async def take_back(page: Page) -> dict[int, Settled]:
    """Put the grant before in its place again, or end it."""

    def change(member_id: int, account: Account, standing: Standing) -> Settled:
        if standing.grant is None:
            return Settled(state="kept", why="grant_over")
        if standing.grant.by != page.actor:
            return Settled(state="kept", why="changed_since")
        before = msgspec.convert((page.items[member_id].before or {})["grant"], Grant | None)
        after = before if before is not None and before.holds_at(page.now) else None
        change_grant(standing, account, after, now=page.now)
        return Settled(state="reversed", returned={})

    return await _change(page, change, without_tiers=Settled(state="kept", why="tiers_not_earned"))


async def _change(page: Page, change: Change, *, without_tiers: Settled) -> dict[int, Settled]:
    accounts = {account.member_id: account for account in page.accounts.values()}
    standings = await _up_to_date(page, accounts)
    settled = {}
    for member_id in page.items:
        account = page.accounts[member_id]
        standing = standings.get(account.member_id)
        settled[member_id] = without_tiers if standing is None else change(member_id, account, standing)
    await write_accounts(page.connection, [account for account in accounts.values() if account.is_changed])
    await write_standings(page.connection, list(standings.values()), now=page.now)
    return settled


async def _up_to_date(page: Page, accounts: Mapping[int, Account]) -> Mapping[int, Standing]:
    programme = await snapshot_in_force(page.session, now=page.now)
    if programme is None or not programme.tier_plan.active:
        return {}
    standings = await load_standings(page.connection, accounts, programme.tier_plan)
    for member_id, standing in standings.items():
        apply_due(accounts[member_id], page.now)
        catch_up(standing, accounts[member_id], now=page.now)
    return standings
