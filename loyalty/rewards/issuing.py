"""Issuing a reward: all of its prices are held or spent, a piece is taken, and the code is there; or nothing is."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

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
from loyalty.rewards.coupons import FreeCoupon, hand_out_coupon, lock_free_coupon
from loyalty.rewards.eligibility import Situation, price_wallets, reasons_against, reasons_against_grant
from loyalty.rewards.reasons import Reason, RewardNotFoundError, RewardRefusedError
from loyalty.rewards.situating import read_situation
from loyalty.rewards.stock import lock_left, take_piece

if TYPE_CHECKING:
    from asyncpg import Connection, Record


class Brought(NamedTuple):
    """What another system gave before: its own code, which the till goes on scanning, and its end."""

    shown_code: str
    expires_at: datetime | None
    """None: as the reward says."""


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
    """Give the member (or the one they were merged into) the reward ``code`` of ``programme`` for its price.

    ``units``: of a payout, and of nothing else; its price is paid so many times. Raises ``MemberNotFoundError``,
    ``RewardNotFoundError``, and ``RewardRefusedError`` with every reason.
    """
    reward = _known(programme, code, units)
    return await _issue(session, member_id, reward, programme, actor=actor, units=units, now=now)


async def grant_reward(
    session: WriteSession,
    member_id: int,
    code: str,
    *,
    programme: ProgrammeSnapshot,
    actor: str,
    reason: str,
    brought: Brought | None = None,
    now: datetime,
) -> Redemption:
    """Give it for nothing, whoever it is meant for and however often they had it: a grant by the business.

    ``reason`` is a code, and kept. What was ``brought`` from another system keeps its code and its end. Raises
    ``MemberNotFoundError``, ``RewardNotFoundError``, and ``RewardRefusedError`` where there is none left, the reward is
    archived or a payout, or the member is blocked.
    """
    reward = _known(programme, code, None)
    return await _issue(
        session, member_id, reward, programme, actor=actor, grant_reason=reason, brought=brought, now=now
    )


def _known(programme: ProgrammeSnapshot, code: str, units: int | None) -> Reward:
    reward = programme.rewards.get(code)
    if reward is None:
        raise RewardNotFoundError(reward=code)
    if (reward.effect.kind == PAYOUT) is (units is None):
        raise RewardRefusedError([Reason(code="payee_needed" if units is None else "not_a_payout")])
    return reward


async def _issue(
    session: WriteSession,
    member_id: int,
    reward: Reward,
    programme: ProgrammeSnapshot,
    *,
    actor: str,
    units: int | None = None,
    grant_reason: str | None = None,
    brought: Brought | None = None,
    now: datetime,
) -> Redemption:
    connection = await driver(session)
    account = await open_account(connection, member_id, now=now)
    pieces = await lock_left(connection, reward.code, now=now)
    coupon = await lock_free_coupon(connection, reward.effect.pool, now=now) if reward.effect.pool else None
    left = 0 if reward.effect.pool and coupon is None else pieces
    situation = await read_situation(connection, account, programme, left={reward.code: left}, now=now)
    if grant_reason is None:
        reasons = reasons_against(reward, situation, programme, units=units)
        asked, price_minor = price_wallets(reward, programme, units=units or 1), reward.price_minor
    else:
        reasons, asked, price_minor = reasons_against_grant(reward, situation), {}, 0
    if reasons:
        raise RewardRefusedError(reasons)
    number = await next_number(connection, account.member_id)
    act = Act(Cause("redemption", number), actor, now, now)
    redemption = _redemption(reward, situation, programme, act, coupon)
    redemption.grant_reason, redemption.price_minor = grant_reason, price_minor
    if brought is not None:
        redemption.shown_code = brought.shown_code
        redemption.expires_at = brought.expires_at or redemption.expires_at
    redemption.prices = _pay(account, reward, asked, redemption, act)
    _deliver(account, reward, programme, act)
    owner = {"member_id": redemption.member_id, "redemption_no": redemption.redemption_no}
    if coupon is not None:
        await hand_out_coupon(connection, reward.effect.pool, coupon.coupon, **owner)
    if pieces is not None:
        await take_piece(connection, reward.code)
    await write_accounts(connection, [account])
    session.add(RedemptionCode(shown_code=redemption.shown_code, **owner))
    await note_changes(session, [redemption], now=now)
    return redemption


async def next_number(connection: "Connection[Record]", member_id: int) -> int:
    """The number of the member's next redemption. The member is locked."""
    number: int = await connection.fetchval(_NEXT_NO, member_id)
    return number


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


def _redemption(
    reward: Reward, situation: Situation, programme: ProgrammeSnapshot, act: Act, coupon: FreeCoupon | None
) -> Redemption:
    kind = reward.effect.kind
    at_once = kind == "wallet_points"
    return Redemption(
        member_id=situation.account.member_id,
        redemption_no=act.cause.no,
        reward=reward.code,
        kind=kind,
        programme_version=programme.version,
        state="fulfilled" if at_once else "reserved" if kind == PAYOUT else "issued",
        shown_code=new_code(),
        coupon=coupon and coupon.coupon,
        prices=[],
        local_date=situation.today,
        issued_at=act.now,
        expires_at=_end(reward, situation) if coupon is None else coupon.expires_at,
        ended_at=act.now if at_once else None,
        actor=act.actor,
    )


def _end(reward: Reward, situation: Situation) -> datetime | None:
    """When its time is over. None: it waits to be handed over."""
    if reward.effect.kind not in (*DISCOUNT_KINDS, PAYOUT):
        return None
    last_day = situation.today + timedelta(days=reward.valid_days)
    return local_day_starts(last_day + timedelta(days=1), situation.account.zone)


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
