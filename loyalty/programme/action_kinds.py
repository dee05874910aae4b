"""The kinds of actions: the fields that each has by itself, who may report it, and what makes two of it the same act.

A new kind is a row here; its natural key is made in ``loyalty/actions/natural_key.py``.
"""

from collections.abc import Mapping
from typing import NamedTuple

from loyalty.programme.actions import REPORTERS, ActionField, ActionType

_ANYBODY = frozenset(REPORTERS)
_NOT_MEMBERS = frozenset({"system", "staff"})
_SYSTEMS = frozenset({"system"})


class ActionKind(NamedTuple):
    """``reporters``: who can be allowed to report it. ``own``: Comeback finds it out itself, reporters or not."""

    fields: tuple[ActionField, ...]
    reporters: frozenset[str]
    own: bool = False


def _code(code: str, *, optional: bool = False) -> ActionField:
    return ActionField(code=code, type="code", optional=optional)


def _int(code: str, *, optional: bool = False) -> ActionField:
    return ActionField(code=code, type="int", optional=optional)


def _choice(code: str, *choices: str) -> ActionField:
    return ActionField(code=code, type="choice", choices=choices)


KINDS: Mapping[str, ActionKind] = {
    "daily_login": ActionKind((), frozenset({"member", "system"})),
    "repost": ActionKind((_code("network"),), _ANYBODY),
    "review": ActionKind((ActionField(code="sku", type="sku"),), _ANYBODY),
    "quiz": ActionKind((_code("quiz"), _int("score")), _NOT_MEMBERS),
    "contest": ActionKind((_code("contest"), _int("place", optional=True)), _NOT_MEMBERS),
    "birthday": ActionKind((), _SYSTEMS, own=True),
    "visit": ActionKind((), _ANYBODY),
    "custom": ActionKind((), _ANYBODY),
    "referral": ActionKind((_code("side"), _int("milestone")), _SYSTEMS, own=True),
    "on_time_payment": ActionKind(
        (_choice("timeliness", "early", "on_time"), _int("days_early"), _int("amount_minor"), _int("punctual_run")),
        _SYSTEMS,
        own=True,
    ),
    "sales_volume": ActionKind(
        (
            _int("amount_minor"),
            _int("percent_of_average", optional=True),
            # Of one that Comeback has counted: which goal was reached, in which period.
            *(_code(code, optional=True) for code in ("goal", "threshold", "period")),
            _int("quantity", optional=True),
        ),
        _SYSTEMS,
        own=True,
    ),
}


def fields_of(action: ActionType) -> tuple[ActionField, ...]:
    """All fields of an action type: those of its kind, then those that the programme declares."""
    kind = KINDS.get(action.kind)
    return (*kind.fields, *action.fields) if kind else action.fields
