"""Which of several rules that would pay do pay."""

from typing import TypeVar

from loyalty.earning.evaluation import FiredRule
from loyalty.earning.pricing import Priced
from loyalty.earning.reasons import Reasons
from loyalty.programme.compiled import Terms

AnyRule = TypeVar("AnyRule", bound=Terms)


def exclusive_winners(rules: list[AnyRule], reasons: Reasons) -> list[AnyRule]:
    """All stackable rules and, of each wallet's others, the highest priority, then the first code."""
    winners: dict[str, AnyRule] = {}
    for rule in rules:
        if not rule.stackable:
            winner = winners.get(rule.wallet)
            if winner is None or (-rule.priority, rule.code) < (-winner.priority, winner.code):
                winners[rule.wallet] = rule
    if not winners:
        return rules
    kept = []
    for rule in rules:
        if rule.stackable or winners[rule.wallet] is rule:
            kept.append(rule)
        else:
            reasons.miss(rule, "lost_to", winners[rule.wallet].code)
    return kept


def with_a_base(priced: list[Priced], reasons: Reasons) -> list[Priced]:
    """Without a rule that pays by itself, the rules that require one do not pay."""
    if any(not rule.requires_base for rule, _ in priced):
        return priced
    for rule, _ in priced:
        reasons.miss(rule, "no_base_rule")
    return []


def best_of_wallets(fired: list[tuple[AnyRule, FiredRule]], reasons: Reasons) -> list[tuple[AnyRule, FiredRule]]:
    """Of each wallet's rules the one that pays most after its limits; then priority, then the first code."""
    best: dict[str, tuple[AnyRule, FiredRule]] = {}
    for rule, paid in fired:
        leader = best.get(rule.wallet)
        if leader is None or (paid.points, rule.priority) > (leader[1].points, leader[0].priority):
            best[rule.wallet] = (rule, paid)
    for rule, _ in fired:
        if best[rule.wallet][0] is not rule:
            reasons.miss(rule, "lost_to", best[rule.wallet][0].code)
    return list(best.values())
