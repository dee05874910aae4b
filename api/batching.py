"""Coalescing sales that arrive at the same time into one transaction.

One batch is in flight per process, and a lone sale is a batch of one. Whatever waits when it ends is the next one, at
most ``size`` sales; there is no timer, so nothing waits for company. An unexpected failure, a lock that somebody else
holds, a key that two batches raced for: the sales concerned are run again alone, which is safe because recording is
idempotent. Batching only calls the list-taking domain function, so it can be switched off (size 1) without changing
any answer.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import structlog

from api.metrics import POSTING_BATCH

Item = TypeVar("Item")
Answer = TypeVar("Answer")

RunBatch = Callable[[Sequence[Item]], Awaitable[Sequence[Answer | None]]]
"""Runs items in one transaction; None for an item that has to be run alone."""
RunAlone = Callable[[Item], Awaitable[Answer]]

log = structlog.get_logger()


@dataclass(slots=True)
class PostingQueue(Generic[Item, Answer]):
    """The queue of one process. ``put`` waits for the item's own answer or raises its own error."""

    run_batch: RunBatch[Item, Answer]
    run_alone: RunAlone[Item, Answer]
    size: int
    alone_at_once: int
    """Most items that run alone at a time. Those of one locked member wait for it together, on a connection each: the
    others must find one left."""
    _waiting: deque[tuple[Item, asyncio.Future[Answer]]] = field(default_factory=deque)
    _drain: asyncio.Task[None] | None = None
    _alone: set[asyncio.Task[None]] = field(default_factory=set)
    _places: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._places = asyncio.Semaphore(self.alone_at_once)

    async def put(self, item: Item) -> Answer:
        """Hand in an item and wait for its answer. A caller that goes away does not stop its item."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._drain is None or self._drain.done():
            self._drain = asyncio.create_task(self._run())
        return await future

    async def close(self) -> None:
        """Finish what was accepted."""
        while (self._drain and not self._drain.done()) or self._alone:
            await asyncio.gather(*([self._drain] if self._drain else []), *self._alone, return_exceptions=True)

    async def _run(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(self.size, len(self._waiting)))]
            POSTING_BATCH.observe(len(batch))
            try:
                answers = await self.run_batch([item for item, _ in batch])
            except Exception as error:
                log.warning("batch_failed", size=len(batch), error=repr(error))
                answers = [None] * len(batch)
            for (item, future), answer in zip(batch, answers, strict=True):
                if answer is None:
                    self._start_alone(item, future)
                elif not future.done():
                    future.set_result(answer)

    def _start_alone(self, item: Item, future: asyncio.Future[Answer]) -> None:
        task = asyncio.create_task(self._settle_alone(item, future))
        self._alone.add(task)
        task.add_done_callback(self._alone.discard)

    async def _settle_alone(self, item: Item, future: asyncio.Future[Answer]) -> None:
        try:
            async with self._places:
                answer = await self.run_alone(item)
        except Exception as error:
            if not future.done():
                future.set_exception(error)
        else:
            if not future.done():
                future.set_result(answer)
