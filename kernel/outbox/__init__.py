"""The outbox: each (event, handler) pair has its effect exactly once, in order per member, whatever dies meanwhile.

``publish`` adds a row to ``outbox_event`` in the transaction of the fact. From there:

1. **Spread.** One worker at a time (advisory lock ``outbox/spread``) takes the oldest events out of ``outbox_event``
   and puts one row per interested handler into ``outbox_delivery``, in one statement. It takes whatever rows exist and
   never asks for ``id > last``, so an event that commits late is found like any other. Since the publisher held its
   member's lock, an event of a member is visible whenever a later one of the same member is: spreading by ascending
   ``event_id``, one worker at a time, keeps their order.
2. **Claim.** Deliveries of a handler are divided into 16 partitions by ``member_id``. A worker locks a (handler,
   partition) by an advisory lock that lives as long as its transaction, and only in the *next* statement reads the
   oldest deliveries there. So no two workers are ever in the same (member, handler) lane, while sixteen can work
   for one handler. Skipped are lanes in which an earlier event waits for its retry.
3. **Settle.** The handler's effect and the deletion of the delivery rows are one transaction. If it commits, both
   are there; if the worker is killed, neither is, and PostgreSQL frees the locks with the connection.
4. **Fail.** A batch that fails is rolled back and tried again in smaller ones, until a single event fails alone. That
   one is given ``retry_at`` = now + back-off; its lane waits, every other goes on. Events that have failed before are
   always run alone, so that they do not spoil a batch again. After ``MAX_ATTEMPTS`` the row moves to ``outbox_parked``,
   where it is counted and can be re-run; its lane goes on without it.

Delivered rows are gone; the three tables hold only what is still to do. An event whose type this process does not
know stays in ``outbox_event`` for a newer process; one that nobody handles is dropped. When a release adds a handler,
its workers are started before old ones spread events without it: deploy workers first.

The functions here run inside the caller's transaction. ``api/delivering.py`` opens, commits and repeats them.
"""

from kernel.outbox.claiming import Delivery, Partition, claim, settle, waiting_partitions
from kernel.outbox.failing import MAX_ATTEMPTS, back_off, postpone_or_park, rerun
from kernel.outbox.spreading import spread
from kernel.outbox.state import OutboxState, outbox_state
from kernel.outbox.tables import EVENT_ROWS, OutboxDelivery, OutboxEvent, OutboxParked

__all__ = [
    "EVENT_ROWS",
    "MAX_ATTEMPTS",
    "Delivery",
    "OutboxDelivery",
    "OutboxEvent",
    "OutboxParked",
    "OutboxState",
    "Partition",
    "back_off",
    "claim",
    "outbox_state",
    "postpone_or_park",
    "rerun",
    "settle",
    "spread",
    "waiting_partitions",
]
