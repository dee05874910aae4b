"""What the notifications package does when something has happened."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from kernel.database import WriteSession, driver
from kernel.events import Handler, Reactions
from loyalty.events import MemberErased
from loyalty.members.family import family_of
from notifications.messages import forget_messages_to


async def forget_the_erased(session: WriteSession, events: Sequence[MemberErased], *, now: datetime) -> None:
    """Remove the messages to members who have been erased, and to those merged into them."""
    connection = await driver(session)
    for event in events:
        await forget_messages_to(session, await family_of(connection, event.member_id))


FORGET_THE_ERASED: Final = Handler(name="notifications.forget_the_erased", react=forget_the_erased)

REACTIONS: Final[Reactions] = {MemberErased: (FORGET_THE_ERASED,)}
