"""Jobs that give a reward, or a code out of its pool, for nothing. What was used or handed over stays where it is."""

from loyalty.jobs.items import Settled
from loyalty.jobs.kinds import RewardGrant
from loyalty.jobs.page import Page
from loyalty.programme.in_force import snapshot_in_force
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.rewards.ending import RedemptionNotOpenError, cancel_redemption
from loyalty.rewards.issuing import grant_reward
from loyalty.rewards.reasons import RewardNotFoundError, RewardRefusedError


async def grant(page: Page, asked: RewardGrant) -> dict[int, Settled]:
    """Give it to each member, as long as there are pieces and codes."""
    programme = await _programme(page)
    return {member_id: await _grant(page, asked, member_id, programme) for member_id in page.items}


async def take_back(page: Page) -> dict[int, Settled]:
    """Cancel what is still open: its piece is there again. A code that somebody has seen goes to nobody else."""
    programme = await _programme(page)
    return {member_id: await _take_back(page, member_id, programme) for member_id in page.items}


async def _grant(page: Page, asked: RewardGrant, member_id: int, programme: ProgrammeSnapshot) -> Settled:
    try:
        redemption = await grant_reward(
            page.session,
            member_id,
            asked.reward,
            programme=programme,
            actor=page.actor,
            reason=page.job.reason,
            now=page.now,
        )
    except RewardNotFoundError as refused:
        return Settled(state="skipped", why=refused.code)
    except RewardRefusedError as refused:
        return Settled(state="skipped", why=refused.reasons[0].code)
    return Settled(state="applied", moved={}, before={"redemption_no": redemption.redemption_no})


async def _take_back(page: Page, member_id: int, programme: ProgrammeSnapshot) -> Settled:
    number = (page.items[member_id].before or {})["redemption_no"]
    try:
        await cancel_redemption(
            page.session,
            (member_id, number),
            document=programme.document,
            actor=page.actor,
            reason=page.job.reason,
            now=page.now,
        )
    except RedemptionNotOpenError as refused:
        return Settled(state="kept", why=f"redemption_{refused.facts['redemption_state']}")
    return Settled(state="reversed", returned={})


async def _programme(page: Page) -> ProgrammeSnapshot:
    programme = await snapshot_in_force(page.session, now=page.now)
    assert programme is not None, "the reward was one of a programme in force"
    return programme
