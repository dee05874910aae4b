"""Letting the worker deliver what waits, for tests of what follows from it."""

from api.delivering import Outbox
from api.services import Services
from loyalty.reactions import REACTIONS


async def deliver_everything(services: Services) -> None:
    """Spread and deliver until nothing is due, what the reactions publish themselves too."""
    outbox = Outbox(services.database, REACTIONS, clock=services.clock)
    while await outbox.spread() + sum([await outbox.deliver(partition) for partition in await outbox.waiting()]):
        pass
