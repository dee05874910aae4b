"""Every condition of a document, whatever it decides."""

from collections.abc import Iterator
from typing import NamedTuple

from loyalty.programme.action_facts import FIELD_TYPES, vocabulary_of
from loyalty.programme.action_kinds import fields_of
from loyalty.programme.actions import ActionType
from loyalty.programme.cel import MEMBERS, PURCHASES, SEGMENTS, Vocabulary
from loyalty.programme.document import ProgrammeDocument


class Placed(NamedTuple):
    """A condition, where it stands, and what it may name."""

    path: str
    source: str
    vocabulary: Vocabulary


def conditions_of(document: ProgrammeDocument) -> Iterator[Placed]:
    """Those that are not empty and whose vocabulary is known."""
    return (placed for placed in _all(document) if placed.source)


def is_told(action: ActionType) -> bool:
    """Whether the action's fields have known types, so that it has a vocabulary. Others have a problem of their own."""
    return all(field.type in FIELD_TYPES for field in fields_of(action))


def _all(document: ProgrammeDocument) -> Iterator[Placed]:
    for place, rule in enumerate(document.earn_rules):
        yield Placed(f"$.earn_rules[{place}].condition", rule.condition, PURCHASES)
    vocabularies = {action.code: vocabulary_of(action) for action in document.actions if is_told(action)}
    for place, told in enumerate(document.action_rules):
        if told.action in vocabularies:
            yield Placed(f"$.action_rules[{place}].condition", told.condition, vocabularies[told.action])
    for place, reward in enumerate(document.rewards):
        yield Placed(f"$.rewards[{place}].condition", reward.condition, MEMBERS)
    if document.referrals is not None:
        yield Placed("$.referrals.condition", document.referrals.condition, PURCHASES)
    for place, segment in enumerate(document.segments):
        yield Placed(f"$.segments[{place}].condition", segment.condition, SEGMENTS)
