"""Which segments a member is in by their conditions. Pure: it follows from the other facts of the member."""

from msgspec.structs import replace

from loyalty.earning.purchase import MemberFacts
from loyalty.earning.readers import read_member_facts
from loyalty.programme.snapshot import ProgrammeSnapshot


def with_segments(member: MemberFacts, programme: ProgrammeSnapshot, wanted: int | None = None) -> MemberFacts:
    """``member`` with the segments by condition as well; of those only ``wanted`` (bits), by default what rules ask.

    A condition that needs an absent fact, or fails, does not hold. Doing it twice changes nothing, so that a refund
    finds the segments of the sale in what was frozen with it.
    """
    index = programme.segment_index
    wanted = index.asked_conditions if wanted is None else wanted
    if not wanted:
        return member
    holding = index.conditions.decide(wanted, read_member_facts(index.conditions.facts, member)).holding
    found = frozenset(code for bit, code in index.by_bit.items() if bit & holding)
    return replace(member, segments=member.segments | found) if found else member
