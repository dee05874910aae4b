"""Segments: named groups of members that rules, rewards and bulk work can be for."""

from loyalty.programme.part import Part


class Segment(Part, frozen=True, kw_only=True):
    """Either everybody for whom ``condition`` holds at that moment, or those whom staff have listed."""

    code: str
    names: dict[str, str]
    condition: str = ""
    """In CEL over the facts of a member, other than ``member.segments``. Empty: a list that staff keep."""
