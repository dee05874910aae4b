"""Keeping a standing: time is applied when somebody looks, a fact is taken in at once. Pure; changes standing and
account, and notes every change of tier with its cause.

Applied late, early, twice or never, time gives the same: a change by time carries the instant that had come.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from loyalty.earning.calendar import local_day_starts
from loyalty.events import TierAtRisk
from loyalty.ledger.account import Account
from loyalty.programme.windows import zone_named
from loyalty.tiers.bonuses import pay_bonus, take_bonuses_back
from loyalty.tiers.folding import Fold, Transition
from loyalty.tiers.measures import Measures, add_to
from loyalty.tiers.plan import NO_TIER, TierPlan
from loyalty.tiers.standing import BonusKey, Change, ChangeCause, Grant, Standing
from loyalty.tiers.windows import period_of

_BY_DOING = frozenset({"purchase", "action"})
"""Causes that pay an entry bonus."""
_BY_UNDOING = frozenset({"refund", "reversal"})
"""Causes that take one back, of whatever period: what it was for has never been."""


def catch_up(standing: Standing, account: Account, *, now: datetime) -> None:
    """Apply what time, or another version of the programme, has made of the standing by ``now``.

    Of a stale one the days must have been counted anew.
    """
    if standing.is_stale:
        _settle_anew(standing, account, now)
    elif standing.next_look_at is not None and standing.next_look_at <= now:
        _pass_time(standing, account, now)


def take_in(
    standing: Standing, account: Account, day: date, measures: Measures, cause: ChangeCause, *, now: datetime
) -> None:
    """Count a fact on its local day; ``catch_up`` must have been called. The next thing that happens sees the tier."""
    bonuses_before = _earned_bonuses(standing, account, now) if cause.kind in _BY_UNDOING else set()
    add_to(standing.days, day, measures)
    standing.changed_days.add(day)
    plan, today = standing.plan, today_of(standing, account, now)
    fold = fold_of(standing, account, plan, today)
    before = plan.place(account.tier)
    after = _effective(standing, fold.tier, now)
    _move(standing, account, after, now, cause)
    if after > before and cause.kind in _BY_DOING:
        entered = max(fold.entered(after), default=today)
        pay_bonus(standing, account, after, _period(plan, entered, account), now=now)
    if undone := bonuses_before - _earned_bonuses(standing, account, now):
        take_bonuses_back(standing, account, undone, now=now)
    _look_ahead(standing, account, fold, today, now, warns=False)


def change_grant(standing: Standing, account: Account, grant: Grant | None, *, now: datetime) -> None:
    """Grant a tier by hand, in the place of an earlier grant, or end it. ``catch_up`` must have been called."""
    standing.grant = grant
    today = today_of(standing, account, now)
    fold = fold_of(standing, account, standing.plan, today)
    cause = ChangeCause("manual", standing.plan.version)
    _move(standing, account, _effective(standing, fold.tier, now), now, cause)
    _look_ahead(standing, account, fold, today, now, warns=False)


def tier_under(standing: Standing, account: Account, plan: TierPlan, *, now: datetime) -> str | None:
    """The tier that the standing's days and its grant would give under another plan. Nothing is changed."""
    fold = fold_of(standing, account, plan, today_of(standing, account, now))
    return plan.code(max(fold.tier, _granted(standing, plan, now)))


def today_of(standing: Standing, account: Account, now: datetime) -> date:
    """The member's local day; or that of a fact which a move to another zone, or a store's date, has put ahead."""
    today = now.astimezone(zone_named(account.zone)).date()
    return max(today, max(standing.days, default=today))


def joined_on(account: Account) -> date:
    return account.enrolled_at.astimezone(zone_named(account.zone)).date()


def fold_of(standing: Standing, account: Account, plan: TierPlan, today: date) -> Fold:
    """The member's days, folded through ``today``."""
    fold = Fold(plan, {day: plan.sums(measures) for day, measures in standing.days.items()}, joined_on(account))
    fold.run(today)
    return fold


def _earned_bonuses(standing: Standing, account: Account, now: datetime) -> set[BonusKey]:
    """The bonuses that the member has and that the facts account for: the tier was entered in their period, or is
    granted by hand.
    """
    has = [key for key, bonus in standing.bonuses.items() if bonus.taken_back_at is None]
    if not has:
        return set()
    plan = standing.plan
    fold = fold_of(standing, account, plan, today_of(standing, account, now))
    granted = _granted(standing, plan, now)
    entered = {code: {_period(plan, day, account) for day in fold.entered(plan.place(code))} for code, _ in has}
    return {(code, period) for code, period in has if period in entered[code] or plan.place(code) <= granted}


def _settle_anew(standing: Standing, account: Account, now: datetime) -> None:
    plan, today = standing.plan, today_of(standing, account, now)
    fold = fold_of(standing, account, plan, today)
    is_first = not (standing.programme_version or standing.stale_cause or standing.days or account.tier)
    kind = standing.stale_cause or ("enrolment" if is_first else "publish")
    if standing.grant is not None and not standing.grant.holds_at(now):
        standing.grant = None
    standing.programme_version, standing.stale_cause = plan.version, None
    _move(standing, account, _effective(standing, fold.tier, now), now, ChangeCause(kind, plan.version))
    _look_ahead(standing, account, fold, today, now, warns=True)


def _pass_time(standing: Standing, account: Account, now: datetime) -> None:
    plan, today = standing.plan, today_of(standing, account, now)
    fold = fold_of(standing, account, plan, today)
    for instant, earned in _since(standing, fold, account.zone, now):
        if standing.grant is not None and not standing.grant.holds_at(instant):
            standing.grant = None
        _move(standing, account, _effective(standing, earned, instant), instant, ChangeCause("time", plan.version))
    _look_ahead(standing, account, fold, today, now, warns=True)


def _since(standing: Standing, fold: Fold, zone: str, now: datetime) -> Iterator[tuple[datetime, int]]:
    """Instants at which time changed something since it was applied last, with the tier that was earned from then."""
    passed = [transition for transition in fold.transitions if transition.day > standing.through]
    earned = passed[0].before if passed else fold.tier
    ends = standing.grant.until if standing.grant is not None else None
    instants = {local_day_starts(transition.day, zone): transition.after for transition in passed}
    if ends is not None and ends <= now:
        instants.setdefault(ends, NO_TIER)
    for instant, after in sorted(instants.items()):
        earned = earned if instant == ends and after == NO_TIER else after
        yield instant, earned


def _effective(standing: Standing, earned: int, instant: datetime) -> int:
    """The tier that counts: what is earned, and no less than what is granted."""
    return max(earned, _granted(standing, standing.plan, instant))


def _granted(standing: Standing, plan: TierPlan, instant: datetime) -> int:
    """The tier that is granted by hand."""
    grant = standing.grant
    return NO_TIER if grant is None or not grant.holds_at(instant) else plan.place(grant.tier)


def _move(standing: Standing, account: Account, tier: int, at: datetime, cause: ChangeCause) -> None:
    standing.since = standing.since or at
    code = standing.plan.code(tier)
    if code == account.tier:
        return
    standing.last_change_no += 1
    period = _period(standing.plan, at.astimezone(zone_named(account.zone)).date(), account)
    standing.changes.append(Change(standing.last_change_no, account.tier, code, at, cause, period))
    standing.since = at
    account.move_to_tier(code)


def _period(plan: TierPlan, day: date, account: Account) -> str:
    first_day = period_of(plan.settings.window, day, joined_on(account))
    return "ever" if first_day is None else first_day.isoformat()


def _look_ahead(standing: Standing, account: Account, fold: Fold, today: date, now: datetime, *, warns: bool) -> None:
    """Note when time will change something, and when the tier falls unless something is done for it.

    The fold is run on for that. ``warns``: a warning that is due is given; else it is left to the next look.
    """
    standing.is_changed, standing.through = True, today
    plan = standing.plan
    current, earned = plan.place(account.tier), fold.tier
    change = fold.next_change(today)
    changes_at = None if change is None else local_day_starts(change.day, account.zone)
    ends = standing.grant.until if standing.grant is not None else None
    standing.falls_at = standing.falls_to = None
    upcoming = sorted(instant for instant in (changes_at, ends) if instant is not None)
    for instant in upcoming:
        tier = _effective(standing, _earned_at(instant, change, changes_at, earned), instant)
        if tier < current:
            standing.falls_at, standing.falls_to = instant, plan.code(tier)
            break
    if (warns_at := _warns_at(standing)) is not None:
        if warns and warns_at <= now:
            _warn(standing, account)
        else:
            upcoming.append(max(warns_at, now))
    standing.next_look_at = min(upcoming, default=None)


def _earned_at(instant: datetime, change: Transition | None, changes_at: datetime | None, earned: int) -> int:
    return change.after if change is not None and changes_at is not None and changes_at <= instant else earned


def _warns_at(standing: Standing) -> datetime | None:
    """When the member is to be warned of the fall; None when that has been done, or nothing falls.

    A fall that moves a little while its warning stands is warned of no earlier than the instant of the first.
    """
    warning_days = standing.plan.settings.warning_days
    if standing.falls_at is None or not warning_days:
        return None
    warns_at = standing.falls_at - timedelta(days=warning_days)
    if standing.warned_of is not None:
        warns_at = max(warns_at, standing.warned_of)
    return warns_at if warns_at < standing.falls_at else None


def _warn(standing: Standing, account: Account) -> None:
    assert standing.falls_at is not None, "a warning is of a fall"
    standing.warned_of = standing.falls_at
    standing.warnings.append(
        TierAtRisk(
            member_id=standing.member_id,
            tier=account.tier or "",
            falls_to=standing.falls_to,
            falls_at=standing.falls_at,
        )
    )
