"""What a member may do: earn, spend, or neither while something is looked into.

A frozen or blocked member keeps every point, and every sale is recorded: it earns nothing, or pays with nothing.
"""

from msgspec import Struct

from kernel.database import WriteSession
from loyalty.members.survivors import lock_surviving_member
from loyalty.models import Member


class Standing(Struct, frozen=True, kw_only=True):
    """What is kept from a member. ``blocked`` is both, and tells the tills."""

    earning_frozen: bool
    spending_frozen: bool
    blocked: bool


async def change_standing(session: WriteSession, member_id: int, standing: Standing) -> tuple[Member, Standing]:
    """Give the surviving member this standing; answers them with the standing before.

    Raises ``MemberNotFoundError``.
    """
    member = await lock_surviving_member(session, member_id)
    before = standing_of(member)
    member.earning_frozen = standing.earning_frozen
    member.spending_frozen = standing.spending_frozen
    member.status = "blocked" if standing.blocked else "active"
    session.add(member)
    await session.flush()
    return member, before


def standing_of(member: Member) -> Standing:
    return Standing(
        earning_frozen=member.earning_frozen,
        spending_frozen=member.spending_frozen,
        blocked=member.status == "blocked",
    )
