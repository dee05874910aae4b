"""The end of a membership, with what other packages keep about the person."""

from datetime import datetime

from kernel.database import WriteSession
from loyalty.members.leaving import end_membership
from loyalty.members.profile import read_profile
from notifications.messages import forget_messages_at


async def leave_for_good(session: WriteSession, member_id: int, *, actor: str, reason: str, now: datetime) -> None:
    """``end_membership``, and the messages to the surviving member's addresses are gone with it.

    Those that name the member follow their event. The code of a sign-in was sent before anybody knew whose it is, and
    after the erasure nobody knows the addresses any more.
    """
    addresses = [own.known_by.value for own in (await read_profile(session, member_id)).identities]
    await end_membership(session, member_id, actor=actor, reason=reason, now=now)
    await forget_messages_at(session, addresses)
