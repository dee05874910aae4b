"""What a member may do: earn, spend, or neither while something is looked into.

A frozen or blocked member keeps every point, and every sale is recorded: it earns nothing, or pays with nothing.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from kernel.database import WriteSession
from loyalty.ledger.account import Account
from loyalty.members.survivors import lock_surviving_member
from loyalty.models import Member

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_SET = """
UPDATE member AS m SET earning_frozen = v.earning_frozen, spending_frozen = v.spending_frozen, status = v.status
FROM unnest($1::bigint[], $2::boolean[], $3::boolean[], $4::text[])
     AS v (member_id, earning_frozen, spending_frozen, status)
WHERE m.member_id = v.member_id
"""


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
    member.status = _status(standing)
    session.add(member)
    await session.flush()
    return member, before


async def set_standings(connection: "Connection[Record]", standings: Mapping[int, Standing]) -> None:
    """The same for many members, who are locked, active or blocked."""
    if standings:
        rows = [
            (member_id, standing.earning_frozen, standing.spending_frozen, _status(standing))
            for member_id, standing in standings.items()
        ]
        await connection.execute(_SET, *zip(*rows, strict=True))


def _status(standing: Standing) -> str:
    return "blocked" if standing.blocked else "active"


def standing_of(member: Member | Account) -> Standing:
    return Standing(
        earning_frozen=member.earning_frozen,
        spending_frozen=member.spending_frozen,
        blocked=member.status == "blocked",
    )
