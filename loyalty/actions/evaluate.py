"""Evaluating an action: which rules pay, how much, and why the others do not. Pure."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TypeAlias

from msgspec import Struct

from loyalty.earning.evaluation import CapUse, EarnGroup, FiredRule
from loyalty.earning.grouping import earn_groups
from loyalty.earning.limits import cap_uses, limited
from loyalty.earning.purchase import Headroom, MemberFacts
from loyalty.earning.readers import MEMBER_READERS
from loyalty.earning.reasons import Reasons
from loyalty.earning.segments import with_segments
from loyalty.earning.stacking import best_of_wallets, exclusive_winners
from loyalty.programme.compiled_actions import CompiledAction, CompiledActionRule
from loyalty.programme.facts import FactValue
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.programme.windows import zone_named

FieldValue: TypeAlias = int | str | bool
Priced: TypeAlias = tuple[CompiledActionRule, FiredRule]


class EarningAction(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An action as rules see it. It names nobody.

    ``occurred_at`` is aware UTC; ``local_date`` is its day in ``zone``, the member's: caps count by it, and the days of
    pending and expiry are days of that zone. Windows, weekdays and hours are local to ``place_zone``: the store's, or
    the member's where there is no store.
    """

    type: str
    occurred_at: datetime
    local_date: date
    zone: str
    place_zone: str
    channel: str = ""
    store: str | None = None
    fields: dict[str, FieldValue] = {}


class ActionEvaluation(Struct, frozen=True, kw_only=True):
    """The answer to one action, together with the facts that it rests on."""

    programme_version: int
    groups: tuple[EarnGroup, ...]
    fired: tuple[FiredRule, ...]
    missed: dict[str, int]
    """Reason to the rules that it kept from firing, as bits in the order of the action's rules."""
    details: dict[str, str]
    cap_uses: tuple[CapUse, ...]
    budget_uses: dict[str, int]
    action: EarningAction
    member: MemberFacts
    headroom: Headroom


def evaluate_action(
    action: EarningAction, member: MemberFacts, programme: ProgrammeSnapshot, headroom: Headroom
) -> ActionEvaluation:
    """What ``action`` earns ``member`` under ``programme``, within ``headroom``, with every reason.

    The answer depends on nothing else, not on the order of rules in the document either, and is never negative.
    """
    compiled = programme.actions[action.type]
    member = with_segments(member, programme)
    reasons = Reasons({}, {})
    applying = _applying(action, member, compiled, reasons)
    priced = _price(action, compiled.among(applying), reasons)
    winners = {rule.bit for rule in exclusive_winners([rule for rule, _ in priced], reasons)}
    fired = limited([(rule, paid) for rule, paid in priced if rule.bit in winners], headroom, reasons)
    if programme.best_rule_only:
        fired = best_of_wallets(fired, reasons)
    return ActionEvaluation(
        programme_version=programme.version,
        groups=earn_groups(fired, programme, member.tier, local_date=action.local_date, zone=action.zone),
        fired=tuple(paid for _, paid in fired),
        missed=reasons.missed,
        details=reasons.details,
        cap_uses=cap_uses(fired, action.local_date),
        budget_uses={rule.code: paid.points for rule, paid in fired if rule.budgeted},
        action=action,
        member=member,
        headroom=headroom,
    )


def _applying(action: EarningAction, member: MemberFacts, compiled: CompiledAction, reasons: Reasons) -> int:
    """The rules whose audience, window and condition all fit; each other rule has its first reason."""
    local_at = action.occurred_at.astimezone(zone_named(action.place_zone))
    applying = compiled.all_rules
    for reason, allowed in (
        ("store", compiled.stores.allowing(action.store or "")),
        ("channel", compiled.channels.allowing(action.channel)),
        ("tier", compiled.tiers.allowing(member.tier)),
        ("segment", compiled.segments.allowing_any(member.segments)),
        ("window", compiled.windows.open_at(action.occurred_at, local_at, action.place_zone)),
    ):
        if left_out := applying & ~allowed:
            reasons.missed[reason] = left_out
            applying &= allowed
    conditional = applying & compiled.conditions.rules
    if not conditional:
        return applying
    decision = compiled.conditions.decide(conditional, read_action_facts(compiled.conditions.facts, action, member))
    failed = 0
    for rules, text in decision.errors:
        failed |= rules
        for rule in compiled.among(rules):
            reasons.miss(rule, "condition_error", text)
    for rule in compiled.among(conditional & ~decision.holding & ~failed):
        reasons.miss(rule, "condition_false")
    return applying & ~conditional | decision.holding


def read_action_facts(names: tuple[str, ...], action: EarningAction, member: MemberFacts) -> Mapping[str, FactValue]:
    """The facts ``names``; absent ones are left out."""
    local_at = action.occurred_at.astimezone(zone_named(action.place_zone))
    known: dict[str, FactValue | None] = {
        "action.channel": action.channel,
        "action.store": action.store,
        "action.weekday": local_at.isoweekday(),
        "action.hour": local_at.hour,
        "action.day": local_at.day,
        "action.month": local_at.month,
        **{f"action.{code}": value for code, value in action.fields.items()},
        **{name: MEMBER_READERS[name](member) for name in names if name in MEMBER_READERS},
    }
    return {name: value for name in names if (value := known.get(name)) is not None}


def _price(action: EarningAction, rules: list[CompiledActionRule], reasons: Reasons) -> list[Priced]:
    """What each rule would pay if it had no limits and no rivals; at least one point."""
    priced = []
    for rule in rules:
        basis = action.fields.get(rule.field, 0) if rule.field else 1
        if rule.field and rule.field not in action.fields:
            reasons.miss(rule, "field_absent", rule.field)
            continue
        points = points_for(rule, int(basis))
        if points:
            priced.append((rule, FiredRule(rule.code, points, points, int(basis), points, 1)))
        else:
            reasons.miss(rule, "below_one_point")
    return priced


def points_for(rule: CompiledActionRule, basis: int) -> int:
    """What ``rule`` pays for ``basis``, the value of its field: whole units alone, so that 7 of 5 pay as much as 5."""
    match rule.kind:
        case "per_unit":
            return max(basis, 0) // rule.per * rule.points
        case "steps":
            return next((points for value, points in rule.steps if basis >= value), 0)
        case "places":
            return next((points for value, points in rule.steps if basis <= value), 0)
        case _:
            return rule.points
