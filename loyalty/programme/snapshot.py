"""A published version, compiled once: immutable, shared by every purchase that it evaluates."""

from functools import cached_property

from loyalty.goals.plan import GoalPlan, goal_plan
from loyalty.programme.cel import MEMBERS, PURCHASES
from loyalty.programme.compiled import (
    FACTOR_UNIT,
    CompiledRule,
    Counting,
    LotTerms,
    Numbered,
    compile_rule,
    earning_lines,
    factor_thousandths,
)
from loyalty.programme.compiled_actions import compile_actions
from loyalty.programme.conditions import ConditionSet
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.indexes import LineIndex, MinimumIndex, NameIndex
from loyalty.programme.rewards import Reward
from loyalty.programme.rules import EarnRule, Rule
from loyalty.programme.segment_index import SegmentIndex
from loyalty.programme.windows import WindowIndex
from loyalty.tiers.plan import TierPlan, tier_plan


class ProgrammeSnapshot:
    """Version ``version`` of the programme, ready to evaluate.

    Its earn rules stand in the order of their codes, so that the order in the document changes nothing, and a rule's
    place in that order is its bit in every set of rules. Sets written down with a frozen evaluation are read with the
    snapshot of the same version. Building needs a document without problems (``validation.validate``).
    """

    def __init__(self, version: int, document: ProgrammeDocument) -> None:
        self.version = version
        self.document = document
        rules = sorted(document.earn_rules, key=lambda rule: rule.code)
        countings, lot_terms = Numbered[Counting](), Numbered[LotTerms]()
        self.rules: tuple[CompiledRule, ...] = tuple(
            compile_rule(rule, place, document, countings, lot_terms) for place, rule in enumerate(rules)
        )
        self.actions = compile_actions(document, lot_terms)
        self.countings = countings.all()
        self.lot_terms = lot_terms.all()
        self.by_bit = {rule.bit: rule for rule in self.rules}
        self.all_rules = (1 << len(rules)) - 1
        self.multiplier_rules = sum(rule.bit for rule in self.rules if rule.kind == "multiplier")
        self.exclusive_rules = sum(rule.bit for rule in self.rules if not rule.stackable)
        self.dependent_rules = sum(rule.bit for rule in self.rules if rule.requires_base)
        self.stores = NameIndex([rule.stores for rule in rules])
        self.channels = NameIndex([rule.channels for rule in rules])
        self.tiers = NameIndex([rule.tiers for rule in rules])
        self.segments = NameIndex([rule.segments for rule in rules])
        self.windows = WindowIndex([rule.windows for rule in rules])
        self.minima = MinimumIndex([rule.minimum_basket_minor for rule in rules])
        self.lines = LineIndex([earning_lines(rule, document) for rule in rules], [rule.except_lines for rule in rules])
        self.conditions = _conditions(rules)
        conditions = (self.conditions, *(action.conditions for action in self.actions.values()))
        self.segment_index = SegmentIndex(document, {fact for asked in conditions for fact in asked.facts})
        self.tier_factors = {tier.code: factor_thousandths(tier.multiplier) for tier in document.tiers}
        self.budgeted_rules = frozenset(rule.code for rule in self.rules if rule.budgeted)
        self.best_rule_only = document.stacking.rules == "best"

    def among(self, rules: int) -> list[CompiledRule]:
        """The rules whose bits are set, in the order of their codes."""
        found = []
        while rules:
            bit = rules & -rules
            found.append(self.by_bit[bit])
            rules ^= bit
        return found

    @cached_property
    def rule_documents(self) -> dict[str, Rule]:
        """The rules of all kinds as they were written, by code."""
        return {rule.code: rule for rule in self.document.rules}

    @cached_property
    def goal_plan(self) -> GoalPlan:
        """The goals as they are folded."""
        return goal_plan(self.version, self.document.goals, self.document.refunds.return_window_days)

    @cached_property
    def tier_plan(self) -> TierPlan:
        """The tiers as they are folded."""
        return tier_plan(self.version, self.document)

    @cached_property
    def rewards(self) -> dict[str, Reward]:
        """The rewards by code, in the order of the document: the place of each is its bit."""
        return {reward.code: reward for reward in self.document.rewards}

    @cached_property
    def reward_conditions(self) -> ConditionSet:
        """The conditions of the rewards, under the bits of their places."""
        placed = enumerate(self.document.rewards)
        return ConditionSet(
            MEMBERS, ((MEMBERS.condition(each.condition), 1 << place) for place, each in placed if each.condition)
        )

    @cached_property
    def auto_issued(self) -> tuple[Reward, ...]:
        """The rewards that are issued by themselves."""
        return tuple(reward for reward in self.document.rewards if reward.auto_issue and not reward.archived)

    def tier_factor(self, tier: str) -> int:
        """The tier's multiplier in thousandths; 1,000 without a tier."""
        return self.tier_factors.get(tier, FACTOR_UNIT)


def _conditions(rules: list[EarnRule]) -> ConditionSet:
    # Rules of one audience are candidates together: as neighbours they share a pack and its single evaluation.
    audience_first = sorted(
        (rule.stores, rule.channels, rule.tiers, rule.segments, str(rule.windows), rule.condition, place)
        for place, rule in enumerate(rules)
        if rule.condition
    )
    return ConditionSet(
        PURCHASES, ((PURCHASES.condition(condition), 1 << place) for *_, condition, place in audience_first)
    )
