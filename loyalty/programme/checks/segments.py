"""Segments."""

from loyalty.programme.cel import SEGMENTS
from loyalty.programme.checks.conditions import check_condition
from loyalty.programme.checks.names import check_codes, check_known, check_names
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.problems import Problems, ProgrammeProblem


def check_segments(document: ProgrammeDocument) -> Problems:
    """Every segment, by itself: none is defined by others, so that none is defined by itself."""
    yield from check_codes([segment.code for segment in document.segments], "$.segments")
    for place, segment in enumerate(document.segments):
        path = f"$.segments[{place}]"
        yield from check_names(segment.names, f"{path}.names", document.fallback_language)
        if "member.segments" in segment.condition:
            yield ProgrammeProblem(f"{path}.condition", "circular", "a segment is not defined by segments")
        else:
            yield from check_condition(segment.condition, f"{path}.condition", SEGMENTS)


def check_segments_known(codes: tuple[str, ...], path: str, document: ProgrammeDocument) -> Problems:
    """The list of segments at ``path`` names declared ones."""
    known = tuple(segment.code for segment in document.segments)
    for place, code in enumerate(codes):
        yield from check_known(code, known, f"{path}[{place}]", "unknown_segment")
