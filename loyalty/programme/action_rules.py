"""Action rules: what members are paid for besides purchases."""

from loyalty.programme.part import Part
from loyalty.programme.rules import Rule


class ActionStep(Part, frozen=True, kw_only=True):
    """A bound of a field's value and the points that it is worth."""

    value: int
    points: int


class ActionFormula(Part, frozen=True, kw_only=True):
    """How many points a rule pays. ``kind`` says which of the other members count.

    - ``fixed``: ``points`` once.
    - ``per_unit``: ``points`` for each whole ``per`` of the integer ``field``; nothing where it is negative.
    - ``steps``: the points of the highest step whose ``value`` the integer ``field`` reaches: a score.
    - ``places``: the points of the lowest step whose ``value`` the integer ``field`` does not exceed: a place in a
      contest, where 1 is the best.
    """

    kind: str
    points: int = 0
    field: str = ""
    per: int = 1
    steps: tuple[ActionStep, ...] = ()


class ActionRule(Rule, frozen=True, kw_only=True):
    """A rule for actions of one type. Nothing multiplies it."""

    action: str
    """Code of the action type."""
    formula: ActionFormula
