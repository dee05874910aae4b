"""Deciding many conditions at once.

One CEL evaluation costs about 5 us and each further condition inside the same expression about 0.6 us, so conditions
are packed into expressions that answer an integer with one bit per condition. Where such a pack cannot answer (one
condition fails, a fact is absent, the shared budget of iterations is used up) its conditions are decided one by one:
the answer never depends on the packing.
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from loyalty.programme.cel import Activation, Condition, ConditionRefusedError, Expression, Vocabulary
from loyalty.programme.facts import STAND_INS, FactValue

PACK_SIZE = 24
_ABSENT = re.compile(r'UNKNOWN: No value with name "([^"]+)"')


class Decision(NamedTuple):
    """``holding``: bits of the rules whose condition holds. ``errors``: bits of rules to what went wrong."""

    holding: int
    errors: tuple[tuple[int, str], ...] = ()


class _Member(NamedTuple):
    condition: Condition
    rules: int


class _Pack(NamedTuple):
    members: tuple[_Member, ...]
    rules: int
    expression: Expression | None
    rules_by_bit: dict[int, int]


class ConditionSet:
    """The conditions of a programme version. ``facts`` are the names that any of them mentions."""

    def __init__(self, vocabulary: Vocabulary, conditions: Iterable[tuple[Condition, int]]) -> None:
        """``conditions`` are pairs of one in ``vocabulary`` and the bit of its rule; neighbours share a pack."""
        self._vocabulary = vocabulary
        rules_by_source: dict[str, int] = {}
        by_source: dict[str, Condition] = {}
        for condition, rule in conditions:
            by_source[condition.source] = condition
            rules_by_source[condition.source] = rules_by_source.get(condition.source, 0) | rule
        members = [_Member(condition, rules_by_source[source]) for source, condition in by_source.items()]
        self._packs = [
            _pack(vocabulary, members[start : start + PACK_SIZE]) for start in range(0, len(members), PACK_SIZE)
        ]
        self.facts = tuple(sorted({name for member in members for name in member.condition.facts}))
        self.rules = sum(member.rules for member in members)

    def decide(self, candidates: int, facts: Mapping[str, FactValue]) -> Decision:
        """Decide the conditions of the rules in ``candidates``; ``facts`` lacks what is absent."""
        if len(facts) < len(self.facts):
            return self._decide_with_absent(candidates, facts)
        return self._decide(candidates, self._vocabulary.activation(facts))

    def _decide(self, candidates: int, activation: Activation) -> Decision:
        holding = 0
        errors: list[tuple[int, str]] = []
        for pack in self._packs:
            wanted = candidates & pack.rules
            if wanted:
                bits = _evaluate(pack.expression, activation) if pack.expression and _is_worth(pack, wanted) else None
                if type(bits) is int:
                    while bits:
                        lowest = bits & -bits
                        holding |= pack.rules_by_bit[lowest]
                        bits ^= lowest
                else:
                    holding |= _decide_singly(pack.members, wanted, activation, errors)
        return Decision(holding & candidates, tuple(errors))

    def _decide_with_absent(self, candidates: int, facts: Mapping[str, FactValue]) -> Decision:
        absent = frozenset(self.facts) - facts.keys()
        touched = [member for pack in self._packs for member in pack.members if member.condition.facts & absent]
        apart = sum(member.rules for member in touched)
        stand_ins = {name: STAND_INS[self._vocabulary.facts[name].type] for name in absent}
        packed = self._decide(candidates & ~apart, self._vocabulary.activation({**facts, **stand_ins}))
        errors = list(packed.errors)
        holding = _decide_singly(touched, candidates & apart, self._vocabulary.activation(facts), errors)
        return Decision(packed.holding | holding & candidates, tuple(errors))


def _pack(vocabulary: Vocabulary, members: list[_Member]) -> _Pack:
    terms = [f"(({member.condition.source}\n) ? {1 << place} : 0)" for place, member in enumerate(members)]
    try:
        expression = vocabulary.expression(_balanced_sum(terms))
    except ConditionRefusedError:
        # Each condition compiles alone; together they are nested too deeply. They are decided one by one.
        expression = None
    rules_by_bit = {1 << place: member.rules for place, member in enumerate(members)}
    return _Pack(tuple(members), sum(rules_by_bit.values()), expression, rules_by_bit)


def _balanced_sum(terms: list[str]) -> str:
    # The compiler limits the depth of nesting, and a plain chain of additions is as deep as it is long.
    if len(terms) == 1:
        return terms[0]
    half = len(terms) // 2
    return f"({_balanced_sum(terms[:half])} + {_balanced_sum(terms[half:])})"


def _is_worth(pack: _Pack, wanted: int) -> bool:
    # A lone evaluation costs as much as about eight conditions more in a pack.
    return wanted.bit_count() > 1 + len(pack.members) // 8


def _decide_singly(
    members: Iterable[_Member], wanted: int, activation: Activation, errors: list[tuple[int, str]]
) -> int:
    holding = 0
    for member in members:
        if member.rules & wanted:
            value = _evaluate(member.condition.expression, activation)
            if value is True:
                holding |= member.rules
            elif value is not False:
                errors.append((member.rules & wanted, str(value)))
    return holding


def _evaluate(expression: Expression, activation: Activation) -> object:
    """The plain value, or a text that says why there is none."""
    try:
        value = expression.eval(activation=activation).value()
    except RuntimeError as failure:
        return str(failure)
    if type(value) is str and (absent := _ABSENT.match(value)):
        return f"absent: {absent[1]}"
    return value
