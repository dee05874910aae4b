"""Where a merged member went."""

from sqlmodel import col, select

from kernel.database import ReadSession, WriteSession
from loyalty.members.ids import MemberNotFoundError
from loyalty.models import Member

_MAX_MERGES = 32


async def surviving_member(session: ReadSession, member_id: int) -> Member:
    """The member that ``member_id`` is now, at the end of its chain of merges; itself when it was never merged.

    Raises ``MemberNotFoundError`` when there is none, or when the survivor has been erased.
    """
    current = member_id
    for _ in range(_MAX_MERGES):
        member = (await session.exec(select(Member).where(col(Member.member_id) == current))).one_or_none()
        if member is None or member.status == "erased":
            raise MemberNotFoundError
        if member.merged_into is None:
            return member
        current = member.merged_into
    raise AssertionError(f"member {member_id} leads into a ring of merges")


async def lock_surviving_member(session: WriteSession, member_id: int) -> Member:
    """The same, whom nobody else changes until the transaction ends. Raises ``MemberNotFoundError``."""
    while True:
        member = await surviving_member(session, member_id)
        statement = (
            select(Member)
            .where(col(Member.member_id) == member.member_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        locked = (await session.exec(statement)).one()
        if locked.status not in {"merged", "erased"}:
            return locked
        # Merged or erased while the row was waited for: look again where the member is now.
