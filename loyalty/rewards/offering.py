"""All rewards as one member finds them: what each costs, whether it is to be had, and if not, why."""

from dataclasses import dataclass
from datetime import datetime

from kernel.database import ReadSession, driver
from loyalty.ledger.opening import look_at_account
from loyalty.programme.rewards import Reward
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.rewards.coupons import limit_by_coupons
from loyalty.rewards.eligibility import price_wallets, reasons_against
from loyalty.rewards.reasons import Reason
from loyalty.rewards.situating import read_situation
from loyalty.rewards.stock import read_left


@dataclass(frozen=True, slots=True)
class OfferedReward:
    """A reward; ``reasons`` say why the member cannot have it now, and are empty when they can."""

    reward: Reward
    prices: dict[str, int]
    """Wallet -> points."""
    left: int | None
    """Pieces; None: no limit."""
    reasons: tuple[Reason, ...]


async def offer_rewards(
    session: ReadSession, member_id: int, programme: ProgrammeSnapshot, *, now: datetime
) -> list[OfferedReward]:
    """Every reward that is not archived, in the programme's order. Raises ``MemberNotFoundError``."""
    connection = await driver(session)
    account = await look_at_account(connection, member_id, now=now)
    left = await read_left(connection, now=now)
    await limit_by_coupons(connection, left, programme, now=now)
    situation = await read_situation(connection, account, programme, left=left, now=now)
    return [
        OfferedReward(
            reward,
            price_wallets(reward, programme),
            left.get(reward.code, 0),
            reasons_against(reward, situation, programme),
        )
        for reward in programme.rewards.values()
        if not reward.archived
    ]
