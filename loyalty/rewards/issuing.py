"""Issuing a reward: all of its prices are held or spent, a piece is taken, and the code is there; or nothing is."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from kernel.database import WriteSession, driver
from kernel.events import publish
from loyalty.earning.calendar import local_day_starts
from loyalty.events import RedemptionChanged
from loyalty.ledger.account import Account
from loyalty.ledger.earning import Grant, earn
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.holding import capture_hold, place_hold
from loyalty.ledger.opening import open_account
from loyalty.ledger.writing import write_accounts
from loyalty.models import Redemption, RedemptionCode
from loyalty.programme.rewards import DISCOUNT_KINDS, PAYOUT, Reward
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.rewards.codes import new_code
from loyalty.rewards.eligibility import Situation, price_wallets, reasons_against
from loyalty.rewards.reasons import Reason, RewardNotFoundError, RewardRefusedError
from loyalty.rewards.situating import read_situation
from loyalty.rewards.stock import lock_left, take_piece

_NEXT_NO = (
    "UPDATE member SET last_redemption_no = last_redemption_no + 1 WHERE member_id = $1 RETURNING last_redemption_no"
)
_HELD_WHERE = ""
"""Holds of redemptions are of no store and no terminal: no till can name them."""


async def issue_reward(
    session: WriteSession,
    member_id: int,
    code: str,
    *,
    programme: ProgrammeSnapshot,
    actor: str,
    units: int | None = None,
    now: datetime,
) -> Redemption:
    """Give the member (or the one they were merged into) the reward ``code`` of ``programme``.

    ``units``: of a payout, and of nothing else; its price is paid so many times. Raises ``MemberNotFoundError``,
    ``RewardNotFoundError``, and ``RewardRefusedError`` with every reason.
    """
    reward = programme.rewards.get(code)
    if reward is None:
        raise RewardNotFoundError(reward=code)
    if (reward.effect.kind == PAYOUT) is (units is None):
        raise RewardRefusedError([Reason(code="payee_needed" if units is None else "not_a_payout")])
    connection = await driver(session)
    account = await open_account(connection, member_id, now=now)
    left = await lock_left(connection, reward.code)
    situation = await read_situation(connection, account, programme, left={reward.code: left}, now=now)
    if reasons := reasons_against(reward, situation, programme, units=units):
        raise RewardRefusedError(reasons)
    number = await connection.fetchval(_NEXT_NO, account.member_id)
    act = Act(Cause("redemption", number), actor, now, now)
    redemption = _redemption(reward, situation, programme, act)
    redemption.prices = _pay(account, reward, price_wallets(reward, programme, units=units or 1), redemption, act)
    _deliver(account, reward, programme, act)
    await take_piece(connection, reward.code)
    await write_accounts(connection, [account])
    session.add(
        RedemptionCode(
            shown_code=redemption.shown_code, member_id=account.member_id, redemption_no=redemption.redemption_no
        )
    )
    await note_changes(session, [redemption], now=now)
    return redemption


async def note_changes(session: WriteSession, redemptions: Sequence[Redemption], *, now: datetime) -> None:
    """Store redemptions whose state is new, and tell the others, under their members' locks."""
    if not redemptions:
        return
    session.add_all(redemptions)
    await session.flush()
    changes = [
        RedemptionChanged(
            member_id=redemption.member_id,
            redemption_no=redemption.redemption_no,
            reward=redemption.reward,
            state=redemption.state,
            changed_at=now,
        )
        for redemption in redemptions
    ]
    await publish(await driver(session), changes, now=now)


def is_held(reward: Reward) -> bool:
    """Whether the points stay the member's until it is used or approved; otherwise they are spent when it is issued."""
    return reward.effect.kind == PAYOUT or (reward.effect.kind in DISCOUNT_KINDS and reward.at_expiry == "return")


def _redemption(reward: Reward, situation: Situation, programme: ProgrammeSnapshot, act: Act) -> Redemption:
    kind = reward.effect.kind
    ends = kind in DISCOUNT_KINDS or kind == PAYOUT
    at_once = kind == "wallet_points"
    last_day = situation.today + timedelta(days=reward.valid_days)
    return Redemption(
        member_id=situation.account.member_id,
        redemption_no=act.cause.no,
        reward=reward.code,
        kind=kind,
        programme_version=programme.version,
        state="fulfilled" if at_once else "reserved" if kind == PAYOUT else "issued",
        shown_code=new_code(),
        prices=[],
        price_minor=reward.price_minor,
        local_date=situation.today,
        issued_at=act.now,
        expires_at=local_day_starts(last_day + timedelta(days=1), situation.account.zone) if ends else None,
        ended_at=act.now if at_once else None,
        actor=act.actor,
    )


def _pay(
    account: Account, reward: Reward, asked: Mapping[str, int], redemption: Redemption, act: Act
) -> list[dict[str, Any]]:
    """Hold each price, ``asked`` by wallet, and spend what is not to be held."""
    prices = []
    for wallet, points in asked.items():
        hold = place_hold(
            account,
            wallet,
            points,
            act,
            expires_at=redemption.expires_at or act.now,
            store_id=_HELD_WHERE,
            terminal_id=_HELD_WHERE,
            reference=None,
            amount_minor=0,
            allocation={},
        )
        if not is_held(reward):
            capture_hold(account, hold, points, act)
        prices.append({"wallet": wallet, "points": points, "hold_no": hold.hold_no})
    return prices


def _deliver(account: Account, reward: Reward, programme: ProgrammeSnapshot, act: Act) -> None:
    """Points of another wallet are there at once, and live as long as points earned now."""
    effect, document = reward.effect, programme.document
    if effect.kind != "wallet_points":
        return
    policy = document.expiry_by_tier.get(account.tier or "", document.expiry)
    earn(account, [Grant(effect.wallet, effect.points, act.now, policy)], act)
