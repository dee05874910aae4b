"""Rules that would cost too much: conditions that a large basket makes very expensive, formulas beyond all numbers."""

from collections.abc import Mapping
from typing import Final

from loyalty.programme.cel import ConditionRefusedError, Vocabulary
from loyalty.programme.checks.every_condition import conditions_of
from loyalty.programme.compiled import FACTOR_UNIT, factor_thousandths
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.facts import FactType, FactValue
from loyalty.programme.part import MAX_EXACT
from loyalty.programme.problems import Problems, ProgrammeProblem, warning
from loyalty.programme.rules import EarnRule

LARGE_BASKET_NAMES: Final = 200
LARGE_BASKET_MINOR: Final = 1_000_000_00
"""A million of a currency with two decimals."""

_LARGE: Final[Mapping[FactType, FactValue]] = {
    "int": 1_000,
    "string": "somewhere",
    "bool": True,
    "list(string)": [f"name-{place}" for place in range(LARGE_BASKET_NAMES)],
}
_BUDGET: Final = "budget exceeded"


def check_costs(document: ProgrammeDocument) -> Problems:
    """Every condition can be decided for large facts."""
    for placed in conditions_of(document):
        yield from _check_cost(placed.source, placed.path, placed.vocabulary)


def _check_cost(condition: str, path: str, vocabulary: Vocabulary) -> Problems:
    """One that asks every name of a basket of many lines about every other cannot."""
    try:
        expression = vocabulary.condition(condition).expression
        facts = {name: _LARGE[fact.type] for name, fact in vocabulary.facts.items()}
        expression.eval(activation=vocabulary.activation(facts)).value()
    except ConditionRefusedError:
        return
    except RuntimeError as failure:
        if _BUDGET in str(failure):
            yield ProgrammeProblem(
                path, "too_expensive", f"takes too long for lists of {LARGE_BASKET_NAMES} different names"
            )


def check_size(rule: EarnRule, path: str, document: ProgrammeDocument) -> Problems:
    """What the rule pays for a large basket can be counted exactly, with the highest tier's multiplier."""
    formula = rule.formula
    if formula.kind != "rate" or formula.per_minor < 1:
        return
    factors = [FACTOR_UNIT]
    for tier in document.tiers:
        try:
            factors.append(factor_thousandths(tier.multiplier))
        except ValueError:
            continue
    if formula.points * LARGE_BASKET_MINOR * max(factors) // (formula.per_minor * FACTOR_UNIT) > MAX_EXACT:
        yield warning(
            f"{path}.formula", "overflows", f"pays more than {MAX_EXACT} points for {LARGE_BASKET_MINOR} minor units"
        )
