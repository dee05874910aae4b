"""The worker: delivers the outbox, runs the schedule and does tasks. Any number of processes may do so at once."""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

import structlog

from api.delivering import Outbox
from api.jobs import Job, keep_running
from api.tasks.working import Run, Tasks
from api.waiting import rest
from kernel.clock import Clock
from kernel.database import Database
from kernel.events import Reactions

IDLE_S: Final = 0.2
"""How long a loop that found nothing waits: the usual delay between a fact and its effects."""
_AFTER_ERROR_S: Final = 1.0
DELIVERERS: Final = 3
"""Partitions that one process works on at a time."""

log = structlog.get_logger()


async def work(
    database: Database,
    reactions: Reactions,
    schedule: Sequence[Job],
    kinds: Mapping[str, Run],
    *,
    clock: Clock,
    stopping: asyncio.Event,
) -> None:
    """Work until ``stopping`` is set, then finish the batches in hand, give back the task in hand, and return.

    An error of the database is logged and waited out: the worker outlives it.
    """
    outbox = Outbox(database, reactions, clock=clock)
    loops: list[Awaitable[None]] = [_keep("spreading", outbox.spread, stopping)]
    loops += [_keep("delivering", lambda: _deliver_waiting(outbox, stopping), stopping) for _ in range(DELIVERERS)]
    loops.append(_keep("tasks", Tasks(database, kinds, clock=clock, stopping=stopping).work_on_next, stopping))
    loops += [keep_running(job, database, clock, stopping=stopping) for job in schedule]
    log.info("worker_started", handlers=len(outbox.handler_names), jobs=len(schedule), kinds=len(kinds))
    await asyncio.gather(*loops)
    log.info("worker_stopped")


def connections_needed(schedule: Sequence[Job]) -> int:
    """One for each deliverer, one to spread, and for each job and for a task one that works and one that guards."""
    return DELIVERERS + 1 + 2 * (len(schedule) + 1)


def stop_on_signals(stopping: asyncio.Event) -> None:
    """Let SIGTERM and Ctrl-C ask for a clean end. The second Ctrl-C ends at once."""
    loop = asyncio.get_running_loop()

    def ask(number: int) -> None:
        stopping.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt instead.
            loop.add_signal_handler(number, ask, number)


async def _deliver_waiting(outbox: Outbox, stopping: asyncio.Event) -> int:
    partitions = await outbox.waiting()
    random.shuffle(partitions)  # Deliverers that all began at the same end would only meet each other's locks.
    delivered = 0
    for partition in partitions:
        if stopping.is_set():
            break
        delivered += await outbox.deliver(partition)
    return delivered


async def _keep(name: str, step: Callable[[], Awaitable[int]], stopping: asyncio.Event) -> None:
    """Repeat ``step``, resting whenever it found nothing to do."""
    while not stopping.is_set():
        try:
            done = await step()
        except Exception as error:
            log.error("worker_interrupted", loop=name, exc_info=error)
            await rest(stopping, _AFTER_ERROR_S)
        else:
            if not done:
                await rest(stopping, IDLE_S)
