"""The segments of a version, ready to be decided."""

from collections.abc import Iterable

from loyalty.programme.cel import SEGMENTS
from loyalty.programme.conditions import ConditionSet
from loyalty.programme.document import ProgrammeDocument

_EVERY_SEGMENT = "member.segments"
"""A condition of a rule that mentions this may ask for any segment."""


class SegmentIndex:
    """Which segments are lists, which have conditions, and which of either the rules ask for at all."""

    def __init__(self, document: ProgrammeDocument, facts_of_rules: Iterable[str]) -> None:
        """``facts_of_rules``: what the rules' conditions mention."""
        conditional = sorted((segment for segment in document.segments if segment.condition), key=lambda s: s.code)
        self.by_bit = {1 << place: segment.code for place, segment in enumerate(conditional)}
        self.conditions = ConditionSet(
            SEGMENTS, ((SEGMENTS.condition(segment.condition), 1 << place) for place, segment in enumerate(conditional))
        )
        self.listed = frozenset(segment.code for segment in document.segments if not segment.condition)
        named = {code for rule in document.rules for code in rule.segments}
        asked = {s.code for s in document.segments} if _EVERY_SEGMENT in facts_of_rules else named
        self.asked_lists = self.listed & asked
        self.asked_conditions = self.bits_of(asked)

    def bits_of(self, codes: Iterable[str]) -> int:
        """The bits of those of ``codes`` that have a condition."""
        wanted = frozenset(codes)
        return sum(bit for bit, code in self.by_bit.items() if code in wanted)

    @property
    def all_conditions(self) -> int:
        """The bits of all segments that have a condition."""
        return sum(self.by_bit)
