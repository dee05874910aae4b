"""Action types with their rules, as an evaluation reads them."""

from collections.abc import Mapping, Sequence

from loyalty.programme.action_facts import vocabulary_of
from loyalty.programme.action_rules import ActionRule
from loyalty.programme.actions import ActionType
from loyalty.programme.compiled import LotTerms, Numbered, Terms, compile_terms
from loyalty.programme.conditions import ConditionSet
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.indexes import NameIndex
from loyalty.programme.windows import WindowIndex


class CompiledActionRule(Terms, frozen=True, gc=False, kw_only=True):
    """An action rule. Its place among the rules of its action, in the order of codes, is its bit."""

    kind: str
    points: int
    field: str
    per: int
    steps: tuple[tuple[int, int], ...]
    """(value, points), the one that is looked at first in front."""


class CompiledAction:
    """One action type, ready to evaluate. Its rules stand in the order of their codes."""

    def __init__(
        self,
        declared: ActionType,
        rules: Sequence[ActionRule],
        document: ProgrammeDocument,
        lot_terms: Numbered[LotTerms],
    ) -> None:
        self.declared = declared
        rules = sorted(rules, key=lambda rule: rule.code)
        self.rules = tuple(_compile(rule, place, document, lot_terms) for place, rule in enumerate(rules))
        self.all_rules = (1 << len(rules)) - 1
        self.stores = NameIndex([rule.stores for rule in rules])
        self.channels = NameIndex([rule.channels for rule in rules])
        self.tiers = NameIndex([rule.tiers for rule in rules])
        self.segments = NameIndex([rule.segments for rule in rules])
        self.windows = WindowIndex([rule.windows for rule in rules])
        vocabulary = vocabulary_of(declared)
        conditional = ((rule.condition, 1 << place) for place, rule in enumerate(rules) if rule.condition)
        self.conditions = ConditionSet(vocabulary, ((vocabulary.condition(text), bit) for text, bit in conditional))
        self.budgeted_rules = frozenset(rule.code for rule in self.rules if rule.budgeted)

    def among(self, rules: int) -> list[CompiledActionRule]:
        """The rules whose bits are set, in the order of their codes."""
        return [rule for rule in self.rules if rule.bit & rules]


def compile_actions(document: ProgrammeDocument, lot_terms: Numbered[LotTerms]) -> Mapping[str, CompiledAction]:
    """The action types of a valid ``document``, by code."""
    return {
        action.code: CompiledAction(
            action, [rule for rule in document.action_rules if rule.action == action.code], document, lot_terms
        )
        for action in document.actions
    }


def _compile(
    rule: ActionRule, place: int, document: ProgrammeDocument, lot_terms: Numbered[LotTerms]
) -> CompiledActionRule:
    formula = rule.formula
    steps = sorted(((step.value, step.points) for step in formula.steps), reverse=formula.kind == "steps")
    return CompiledActionRule(
        **compile_terms(rule, place, document, lot_terms),
        kind=formula.kind,
        points=formula.points,
        field=formula.field,
        per=formula.per,
        steps=tuple(steps),
    )
