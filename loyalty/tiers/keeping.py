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
from loyalty.tiers.standing import Change, ChangeCause, Grant, Standing
from loyalty.tiers.windows import period_of

_BY_DOING = frozenset({"purchase", "action"})
"""Causes that pay an entry bonus."""
_BY_UNDOING = frozenset({"refund", "reversal"})
"""Causes that take one back."""


def catch_up(standing: Standing, account: Account, plan: TierPlan, *, now: datetime) -> None:
    """Apply what time, or another version of the programme, has made of the standing by ``now``.

    Of another version its days must have been counted anew.
    """
    if standing.is_stale(plan.version):
        _settle_anew(standing, account, plan, now)
    elif standing.next_look_at is not None and standing.next_look_at <= now:
        _pass_time(standing, account, plan, now)


def take_in(
    standing: Standing,
    account: Account,
    plan: TierPlan,
    day: date,
    measures: Measures,
    cause: ChangeCause,
    *,
    now: datetime,
) -> None:
    """Count a fact on its local day; ``catch_up`` must have been called. The next thing that happens sees the tier."""
    add_to(standing.days, day, measures)
    standing.changed_days.add(day)
    today = today_of(standing, account, now)
    fold = fold_of(standing, account, plan, today)
    before = plan.place(account.tier)
    after = _effective(standing, plan, fold.tier, now)
    _move(standing, account, plan, after, now, cause)
    if after > before and cause.kind in _BY_DOING:
        pay_bonus(standing, account, plan, after, _period(plan, today, account), now=now)
    elif after < before and cause.kind in _BY_UNDOING:
        periods = {_period(plan, day, account), _period(plan, today, account)}
        take_bonuses_back(standing, account, plan, after, periods, now=now)
    _look_ahead(standing, account, plan, fold, today, now, warns=False)


def change_grant(standing: Standing, account: Account, plan: TierPlan, grant: Grant | None, *, now: datetime) -> None:
    """Grant a tier by hand, in the place of an earlier grant, or end it. ``catch_up`` must have been called."""
    standing.grant = grant
    today = today_of(standing, account, now)
    fold = fold_of(standing, account, plan, today)
    _move(standing, account, plan, _effective(standing, plan, fold.tier, now), now, ChangeCause("manual", plan.version))
    _look_ahead(standing, account, plan, fold, today, now, warns=False)


def tier_under(standing: Standing, account: Account, plan: TierPlan, *, now: datetime) -> str | None:
    """The tier that the standing's days and its grant would give under another plan. Nothing is changed."""
    fold = fold_of(standing, account, plan, today_of(standing, account, now))
    return plan.code(_effective(standing, plan, fold.tier, now))


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


def _settle_anew(standing: Standing, account: Account, plan: TierPlan, now: datetime) -> None:
    today = today_of(standing, account, now)
    fold = fold_of(standing, account, plan, today)
    is_first = not (standing.programme_version or standing.stale_cause or standing.days or account.tier)
    kind = standing.stale_cause or ("enrolment" if is_first else "publish")
    if standing.grant is not None and not standing.grant.holds_at(now):
        standing.grant = None
    standing.programme_version, standing.stale_cause = plan.version, None
    _move(standing, account, plan, _effective(standing, plan, fold.tier, now), now, ChangeCause(kind, plan.version))
    _look_ahead(standing, account, plan, fold, today, now, warns=True)


def _pass_time(standing: Standing, account: Account, plan: TierPlan, now: datetime) -> None:
    today = today_of(standing, account, now)
    fold = fold_of(standing, account, plan, today)
    for instant, earned in _since(standing, fold, account.zone, now):
        if standing.grant is not None and not standing.grant.holds_at(instant):
            standing.grant = None
        tier = _effective(standing, plan, earned, instant)
        _move(standing, account, plan, tier, instant, ChangeCause("time", plan.version))
    _look_ahead(standing, account, plan, fold, today, now, warns=True)


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


def _effective(standing: Standing, plan: TierPlan, earned: int, instant: datetime) -> int:
    """The tier that counts: what is earned, and no less than what is granted."""
    grant = standing.grant
    return earned if grant is None or not grant.holds_at(instant) else max(earned, plan.place(grant.tier))


def _move(standing: Standing, account: Account, plan: TierPlan, tier: int, at: datetime, cause: ChangeCause) -> None:
    standing.since = standing.since or at
    code = plan.code(tier)
    if code == account.tier:
        return
    standing.last_change_no += 1
    day = at.astimezone(zone_named(account.zone)).date()
    standing.changes.append(Change(standing.last_change_no, account.tier, code, at, cause, _period(plan, day, account)))
    standing.since = at
    account.move_to_tier(code)


def _period(plan: TierPlan, day: date, account: Account) -> str:
    first_day = period_of(plan.settings.window, day, joined_on(account))
    return "ever" if first_day is None else first_day.isoformat()


def _look_ahead(
    standing: Standing, account: Account, plan: TierPlan, fold: Fold, today: date, now: datetime, *, warns: bool
) -> None:
    """Note when time will change something, and when the tier falls unless something is done for it.

    The fold is run on for that. ``warns``: a warning that is due is given; else it is left to the next look.
    """
    standing.is_changed, standing.through = True, today
    current, earned = plan.place(account.tier), fold.tier
    change = fold.next_change(today)
    changes_at = None if change is None else local_day_starts(change.day, account.zone)
    ends = standing.grant.until if standing.grant is not None else None
    standing.falls_at = standing.falls_to = None
    upcoming = sorted(instant for instant in (changes_at, ends) if instant is not None)
    for instant in upcoming:
        tier = _effective(standing, plan, _earned_at(instant, change, changes_at, earned), instant)
        if tier < current:
            standing.falls_at, standing.falls_to = instant, plan.code(tier)
            break
    if (warns_at := _warns_at(standing, plan)) is not None:
        if warns and warns_at <= now:
            _warn(standing, account)
        else:
            upcoming.append(max(warns_at, now))
    standing.next_look_at = min(upcoming, default=None)


def _earned_at(instant: datetime, change: Transition | None, changes_at: datetime | None, earned: int) -> int:
    return change.after if change is not None and changes_at is not None and changes_at <= instant else earned


def _warns_at(standing: Standing, plan: TierPlan) -> datetime | None:
    """When the member is to be warned of the fall; None when that has been done, or nothing falls.

    A fall that moves a little while its warning stands is warned of no earlier than the instant of the first.
    """
    if standing.falls_at is None or not plan.settings.warning_days:
        return None
    warns_at = standing.falls_at - timedelta(days=plan.settings.warning_days)
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
