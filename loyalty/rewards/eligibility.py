"""Whether a member may have a reward: every reason against it, not just the first. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from loyalty.earning.calendar import local_day_starts, period_key, plus_months
from loyalty.earning.purchase import MemberFacts
from loyalty.earning.readers import read_member_facts
from loyalty.ledger.account import Account, available
from loyalty.programme.rewards import PAYOUT, Reward
from loyalty.programme.rules import CAP_PERIODS
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.programme.windows import is_open, zone_named
from loyalty.rewards.reasons import Reason

_OF_ISSUING: Final = frozenset({"archived", "not_in_window", "out_of_stock", "insufficient_points"})


@dataclass(frozen=True, slots=True)
class Situation:
    """A member and what is left of everything. What is due has been applied to ``account``."""

    account: Account
    facts: MemberFacts
    issued: Mapping[str, Mapping[date, int]]
    """Reward -> local day of issuing -> how many that count."""
    left: Mapping[str, int | None]
    """Reward -> pieces that are left; None: no limit. A reward that is absent has none."""
    now: datetime

    @property
    def today(self) -> date:
        """The member's local day."""
        return self.now.astimezone(zone_named(self.account.zone)).date()


def reasons_against(
    reward: Reward, situation: Situation, programme: ProgrammeSnapshot, *, units: int | None = None
) -> tuple[Reason, ...]:
    """Why the member may not have ``reward``, a reward of ``programme``. Empty: they may.

    ``units``: of a payout; None: the fewest that there are.
    """
    asked = reward.effect.minimum_units if units is None else units
    return (
        *_standing(reward, situation),
        *_audience(reward, situation, programme),
        *_units(reward, asked),
        *_limits(reward, situation),
        *_stock(reward, situation),
        *_price(reward, situation, programme, asked),
    )


def reasons_against_grant(reward: Reward, situation: Situation) -> tuple[Reason, ...]:
    """Why the business may not give ``reward`` to the member: whom it is meant for, how often, when and for what price
    it decides itself.
    """
    return (*_standing(reward, situation), *_stock(reward, situation))


def reasons_against_receiving(reward: Reward, situation: Situation, programme: ProgrammeSnapshot) -> tuple[Reason, ...]:
    """Why somebody else may not have what was issued, paid and taken from the stock before."""
    reasons = reasons_against(reward, situation, programme)
    return tuple(reason for reason in reasons if reason.code not in _OF_ISSUING)


def price_wallets(reward: Reward, programme: ProgrammeSnapshot, *, units: int = 1) -> dict[str, int]:
    """What the reward costs, ``units`` times: wallet -> points."""
    return {price.wallet or programme.document.primary_wallet: price.points * units for price in reward.prices}


def _standing(reward: Reward, situation: Situation) -> Iterator[Reason]:
    if reward.archived:
        yield Reason(code="archived")
    if situation.account.status != "active":
        yield Reason(code="member_blocked")
    elif situation.account.spending_frozen:
        yield Reason(code="spending_frozen")


def _audience(reward: Reward, situation: Situation, programme: ProgrammeSnapshot) -> Iterator[Reason]:
    now, facts = situation.now, situation.facts
    local = now.astimezone(zone_named(situation.account.zone))
    if reward.windows and not any(is_open(window, now, local) for window in reward.windows):
        yield Reason(code="not_in_window")
    if reward.tiers and facts.tier not in reward.tiers:
        yield Reason(code="tier")
    if reward.segments and facts.segments.isdisjoint(reward.segments):
        yield Reason(code="segment")
    if reward.condition:
        conditions, bit = programme.reward_conditions, 1 << list(programme.rewards).index(reward.code)
        if not conditions.decide(bit, read_member_facts(conditions.facts, facts)).holding:
            yield Reason(code="condition")


def _units(reward: Reward, units: int) -> Iterator[Reason]:
    effect = reward.effect
    if effect.kind != PAYOUT:
        return
    if units < effect.minimum_units:
        yield Reason(code="too_few_units", limit=effect.minimum_units)
    if units > effect.maximum_units:
        yield Reason(code="too_many_units", limit=effect.maximum_units)


def _limits(reward: Reward, situation: Situation) -> Iterator[Reason]:
    today = situation.today
    issued = situation.issued.get(reward.code, {})
    for period in CAP_PERIODS:
        limit = getattr(reward.limits, period)
        if limit is None:
            continue
        key = period_key(period, today)
        if sum(number for day, number in issued.items() if period_key(period, day) == key) >= limit:
            resets_at = _next_start(period, today, situation.account.zone)
            yield Reason(code="limit_reached", period=period, limit=limit, resets_at=resets_at)


def _stock(reward: Reward, situation: Situation) -> Iterator[Reason]:
    left = situation.left.get(reward.code, 0)
    if left is not None and left < 1:
        yield Reason(code="out_of_stock")


def _next_start(period: str, today: date, zone: str) -> datetime | None:
    if period == "lifetime":
        return None
    starts = date.fromisoformat(period_key(period, today))
    following = {
        "day": starts + timedelta(days=1),
        "week": starts + timedelta(days=7),
        "month": plus_months(starts, 1),
    }
    return local_day_starts(following[period], zone)


def _price(reward: Reward, situation: Situation, programme: ProgrammeSnapshot, units: int) -> Iterator[Reason]:
    for wallet, required in price_wallets(reward, programme, units=units).items():
        there = available(situation.account, wallet, situation.now)
        if there < required:
            yield Reason(
                code="insufficient_points",
                wallet=wallet,
                required=required,
                available=there,
                missing=required - there,
            )
