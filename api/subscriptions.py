"""Who reacts to what, on one screen: the reactions of every package."""

import loyalty.reactions
import notifications.reactions
from kernel.events import Reactions, merged

REACTIONS: Reactions = merged(
    loyalty.reactions.REACTIONS,
    notifications.reactions.REACTIONS,
)
