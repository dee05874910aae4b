"""The segments that the programme declares."""

from collections.abc import Iterable

from kernel.errors import ConflictError, NotFoundError
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.segments import Segment


class SegmentNotFoundError(NotFoundError):
    """The programme declares no such segment."""

    code = "segment_not_found"
    title = "There is no such segment."


class SegmentHasConditionError(ConflictError):
    """Who is in it follows from its condition, so that nobody is put on a list."""

    code = "segment_has_condition"
    title = "The members of this segment follow from its condition."


def declared_segment(documents: Iterable[ProgrammeDocument], code: str) -> Segment:
    """The segment as the first of ``documents`` that has it declares it. Raises ``SegmentNotFoundError``."""
    for document in documents:
        for segment in document.segments:
            if segment.code == code:
                return segment
    raise SegmentNotFoundError(segment=code)


def declared_list(documents: Iterable[ProgrammeDocument], code: str) -> Segment:
    """The same for a segment that is a list in any of them. Raises ``SegmentHasConditionError`` as well."""
    known = list(documents)
    for document in known:
        if (found := next((s for s in document.segments if s.code == code), None)) and not found.condition:
            return found
    declared_segment(known, code)
    raise SegmentHasConditionError(segment=code)
