"""Conditions: CEL through Google's ``cel-expr-python``, over the facts that a vocabulary declares.

What this library does and the callers here rely on: a refused expression raises ``RuntimeError`` whose text holds
``<input>:line:column: message`` for each problem; an evaluation that fails answers a *truthy* object whose value is
text, or raises ``RuntimeError`` when its budget of iterations is used up. So only the value ``True`` means true.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from cel_expr_python import cel  # type: ignore[import-untyped]  # it ships stubs without the marker

from loyalty.programme.facts import MEMBER_FACTS, PURCHASE_FACTS, STORE_FACTS, Fact, FactType, FactValue

MAX_SOURCE_CHARACTERS = 2_000
MAX_REMEMBERED_EXPRESSIONS = 4_096
_PROBLEM = re.compile(r"<input>:(-?\d+):(-?\d+): (.+)")
_NOISE = re.compile(r" \(in container ''\)| \[[A-Z_]+\]$")
_CEL_TYPES: dict[FactType, cel.Type] = {
    "int": cel.Type.INT,
    "string": cel.Type.STRING,
    "bool": cel.Type.BOOL,
    "list(string)": cel.Type.List(cel.Type.STRING),
}
Expression: TypeAlias = cel.Expression
Activation: TypeAlias = cel.Activation


class ConditionProblem(NamedTuple):
    """Why a condition is refused. ``line`` and ``column`` start at 1; 0 means the whole condition."""

    message: str
    line: int = 0
    column: int = 0


class ConditionRefusedError(ValueError):
    """The source is no condition: its syntax, a name, a type or its size is wrong."""

    def __init__(self, problems: tuple[ConditionProblem, ...]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


class Condition(NamedTuple):
    """A checked, compiled condition and the names of the facts that it mentions."""

    source: str
    expression: Expression
    facts: frozenset[str]


class Vocabulary:
    """The facts that conditions of one kind may name: those of a purchase are not those of a member alone."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self.facts = {fact.name: fact for fact in facts}
        self._environment = cel.NewEnv(variables={fact.name: _CEL_TYPES[fact.type] for fact in self.facts.values()})
        self.expression = lru_cache(maxsize=MAX_REMEMBERED_EXPRESSIONS)(self._compile)
        """``_compile``, remembered: a document is compiled when it is validated, when it is published, and most of it
        in the next version."""

    def condition(self, source: str) -> Condition:
        """Check and compile ``source``.

        Raises ``ConditionRefusedError`` with every problem found. An accepted condition is of type bool, uses declared
        facts only, and is small enough to be combined with others into one expression.
        """
        if len(source) > MAX_SOURCE_CHARACTERS:
            raise ConditionRefusedError((ConditionProblem(f"longer than {MAX_SOURCE_CHARACTERS} characters"),))
        expression = self.expression(source)
        result = expression.return_type()
        if result != cel.Type.BOOL:
            raise ConditionRefusedError((ConditionProblem(f"answers {result.name().lower()} instead of bool", 1, 1),))
        checked = expression.serialize()
        return Condition(source, expression, frozenset(name for name in self.facts if name.encode() in checked))

    def activation(self, values: Mapping[str, FactValue]) -> Activation:
        """Values of facts, to evaluate expressions of this vocabulary with."""
        return self._environment.Activation(values)

    def _compile(self, source: str) -> Expression:
        """Compile ``source`` of any type; raises ``ConditionRefusedError``."""
        try:
            return self._environment.compile(source)
        except RuntimeError as refusal:
            raise ConditionRefusedError(_problems(str(refusal))) from None


def _problems(text: str) -> tuple[ConditionProblem, ...]:
    found = tuple(
        ConditionProblem(_NOISE.sub("", message), max(int(line), 0), max(int(column), 0))
        for line, column, message in _PROBLEM.findall(text)
    )
    return found or (ConditionProblem(_NOISE.sub("", text.partition("\n")[0])),)


PURCHASES: Final = Vocabulary((*PURCHASE_FACTS, *MEMBER_FACTS, *STORE_FACTS))
MEMBERS: Final = Vocabulary(MEMBER_FACTS)
SEGMENTS: Final = Vocabulary(fact for fact in MEMBER_FACTS if fact.name != "member.segments")
