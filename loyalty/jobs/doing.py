"""What each kind of job does to a page of members, and how that is undone, on one screen."""

from loyalty.jobs import lists, points, rewards, standings, tiers
from loyalty.jobs.items import Settled
from loyalty.jobs.kinds import Asked, RewardGrant, SegmentChange, StandingChange, TierGrant
from loyalty.jobs.page import Page


async def do(page: Page, asked: Asked) -> dict[int, Settled]:
    """Do what was asked; each item is ``applied``, or ``skipped`` with why."""
    match asked:
        case SegmentChange():
            return await lists.change(page, asked)
        case StandingChange():
            return await standings.change(page, asked)
        case TierGrant():
            return await tiers.grant(page, asked)
        case RewardGrant():
            return await rewards.grant(page, asked)
        case _:
            return await points.move(page, asked)


async def undo(page: Page, asked: Asked) -> dict[int, Settled]:
    """Undo it; each item is ``reversed``, or ``kept`` with why."""
    match asked:
        case SegmentChange():
            return await lists.change_back(page, asked)
        case StandingChange():
            return await standings.restore(page, asked)
        case TierGrant():
            return await tiers.take_back(page)
        case RewardGrant():
            return await rewards.take_back(page)
        case _:
            return await points.give_back(page, asked)
