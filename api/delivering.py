"""Delivering the outbox: opens, commits and repeats what ``kernel.outbox`` describes."""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from api.metrics import DELIVERED, FAILED
from kernel.clock import Clock
from kernel.database import Database
from kernel.events import EVENT_TYPES, Handler, Reactions, decode_event
from kernel.outbox import Delivery, Partition, claim, postpone_or_park, settle, spread, waiting_partitions

SPREAD_AT_ONCE: Final = 2_000
_HANDLER_TIMEOUT_S: Final = 60
_BATCHES_IN_A_ROW: Final = 50
"""After so many a worker looks for other partitions, so that one busy handler does not starve the others."""

log = structlog.get_logger()


class Outbox:
    """The deliveries of one database to one set of reactions. Any number of these may work at once, in any process."""

    def __init__(self, database: Database, reactions: Reactions, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._handlers = {handler.name: handler for handlers in reactions.values() for handler in handlers}
        self._subscriptions = [(event.type, each.name) for event, handlers in reactions.items() for each in handlers]

    @property
    def handler_names(self) -> list[str]:
        return sorted(self._handlers)

    async def spread(self) -> int:
        """Hand out up to ``SPREAD_AT_ONCE`` published events to their handlers. Returns how many."""
        async with self._database.write() as session:
            taken = await spread(session, self._subscriptions, sorted(EVENT_TYPES), limit=SPREAD_AT_ONCE)
            await session.commit()
        return taken

    async def waiting(self) -> list[Partition]:
        """Partitions in which something is due."""
        async with self._database.read() as session:
            return await waiting_partitions(session, self.handler_names, now=self._clock())

    async def deliver(self, partition: Partition) -> int:
        """Deliver what is due in ``partition`` until nothing is, or another worker has it. Returns how many events.

        After a failure the batch shrinks to an eighth until the failing event is alone and can be postponed; it grows
        again with each success.
        """
        handler = self._handlers[partition.handler]
        limit, delivered = handler.batch_size, 0
        for _ in range(_BATCHES_IN_A_ROW):
            claimed: list[Delivery] = []
            try:
                done = await self._deliver_batch(handler, partition, claimed, limit=limit)
            except Exception as error:
                if not claimed:
                    raise
                if len(claimed) == 1:
                    await self._give_up_for_now(claimed[0], error)
                limit = max(1, len(claimed) // 8)
                continue
            delivered += done
            limit = min(handler.batch_size, limit * 4)
            if not done:
                break
        return delivered

    async def _deliver_batch(
        self, handler: Handler, partition: Partition, claimed: list[Delivery], *, limit: int
    ) -> int:
        """One transaction: claim, effect, bookkeeping. What was claimed is in ``claimed`` also when it fails."""
        now = self._clock()
        async with self._database.write() as session:
            claimed += await claim(session, partition, limit=limit, now=now)
            if not claimed:
                return 0
            async with asyncio.timeout(_HANDLER_TIMEOUT_S):
                await handler.react(session, _events(claimed), now=now)
            await settle(session, claimed)
            await session.commit()
        DELIVERED.labels(handler.name).inc(len(claimed))
        return len(claimed)

    async def _give_up_for_now(self, delivery: Delivery, error: Exception) -> None:
        async with self._database.write() as session:
            parked = await postpone_or_park(session, delivery, error, now=self._clock())
            await session.commit()
        handler = delivery.partition.handler
        FAILED.labels(handler, "parked" if parked else "retried").inc()
        record = log.error if parked else log.warning
        record(
            "delivery_parked" if parked else "delivery_failed",
            handler=handler,
            event_id=delivery.event_id,
            event_type=delivery.type,
            attempts=delivery.attempts + 1,
            exc_info=error,
        )


def _events(deliveries: Sequence[Delivery]) -> list[object]:
    return [decode_event(delivery.type, delivery.payload) for delivery in deliveries]
