"""The end of a membership, whoever asked for it: signed out everywhere, erased, and on record."""

from datetime import datetime

from kernel.database import WriteSession, driver
from loyalty.access.sessions import end_all_sessions
from loyalty.audit import record_change
from loyalty.members.erasing import erase_member
from loyalty.members.family import family_of
from loyalty.members.ids import member_public_id


async def end_membership(session: WriteSession, member_id: int, *, actor: str, reason: str, now: datetime) -> None:
    """Sign the surviving member out and erase them, with those who were merged into them.

    ``reason`` is a code. The record names the member by the public id, which leads to nobody afterwards.
    """
    for relative in await family_of(await driver(session), member_id):
        await end_all_sessions(session, relative, because="erased", now=now)
    await erase_member(session, member_id, actor=actor, reason=reason, now=now)
    await record_change(
        session, actor=actor, action="member.erased", subject=member_public_id(member_id), reason=reason, now=now
    )
