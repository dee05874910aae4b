"""The variables that conditions on actions may use: those of every action, those of its type, and the member's."""

from collections.abc import Mapping
from functools import lru_cache

from loyalty.programme.action_kinds import fields_of
from loyalty.programme.actions import ActionType
from loyalty.programme.cel import Vocabulary
from loyalty.programme.facts import MEMBER_FACTS, Fact, FactType

ACTION_FACTS = (
    Fact("action.channel", "string", "How it was reported: app, system, staff; empty where Comeback found it out."),
    Fact("action.store", "string", "The store where it was done; absent where it was in none.", True),
    Fact("action.weekday", "int", "ISO weekday in the store's zone, else the member's: Monday is 1, Sunday 7."),
    Fact("action.hour", "int", "Hour in the same zone, 0 to 23."),
    Fact("action.day", "int", "Day of the month in the same zone."),
    Fact("action.month", "int", "Month in the same zone, 1 to 12."),
)
OWN_NAMES = frozenset(fact.name.removeprefix("action.") for fact in ACTION_FACTS)
"""What no field may be called."""
FIELD_TYPES: Mapping[str, FactType] = {
    "int": "int",
    "code": "string",
    "choice": "string",
    "sku": "string",
    "bool": "bool",
}


def vocabulary_of(action: ActionType) -> Vocabulary:
    """What conditions of the rules of ``action``, a valid type, may name."""
    fields = (
        Fact(f"action.{field.code}", FIELD_TYPES[field.type], "A field of the action.", field.optional)
        for field in fields_of(action)
    )
    return _vocabulary((*ACTION_FACTS, *fields, *MEMBER_FACTS))


@lru_cache(maxsize=256)
def _vocabulary(facts: tuple[Fact, ...]) -> Vocabulary:
    # Remembered, so that the expressions that a vocabulary remembers serve the next version of the programme too.
    return Vocabulary(facts)
