"""Back-tests in processes of their own, beside whatever this one does: evaluating a year of baskets is all processor.

They work at low priority and end with the process that started them, however that ends.
"""

import asyncio
import multiprocessing
import os
import threading
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeVar

import msgspec

from api.cli.serve import one_a_core
from api.tasks.working import Report
from kernel.database import Database, driver
from loyalty.backtesting.question import Part, Question, divide
from loyalty.backtesting.report import BacktestReport, report_of
from loyalty.backtesting.running import DRAFT_VERSION, add_up
from loyalty.backtesting.totals import Totals
from loyalty.programme.publishing import refresh
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.programme.versions import PublishedProgrammes

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_LOW_PRIORITY: Final = 10


T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Work(Protocol[T_co]):
    """What is made of a part of the members: a function of ``loyalty.backtesting.running``."""

    def __call__(
        self,
        connection: "Connection[Record]",
        question: Question,
        part: Part,
        draft: ProgrammeSnapshot,
        programmes: PublishedProgrammes,
        /,
    ) -> Coroutine[Any, Any, T_co]: ...


async def backtest(
    database: Database, question: Question, report: Report, *, processes: int | None = None
) -> BacktestReport:
    """Relive the question's purchases and report. Reads only."""
    totals = Totals()
    async for part in in_parts(database, question, add_up, report, processes=processes):
        totals.add(part)
    return report_of(totals, question.document)


async def in_parts(
    database: Database, question: Question, work: Work[T], report: Report, *, processes: int | None = None
) -> AsyncIterator[T]:
    """What ``work`` makes of each part, in whatever order. ``report`` hears of the parts that are done, and how many.

    The question's document has no problems (``validation.problems_of``).
    """
    async with database.read() as session:
        parts = await divide(await driver(session), question)
    report(0, len(parts))
    if not parts:
        return
    pool = ProcessPoolExecutor(
        max_workers=min(processes or one_a_core(), len(parts)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(database.url, msgspec.json.encode(question)),
    )
    try:
        loop = asyncio.get_running_loop()
        waiting = [loop.run_in_executor(pool, _work, work, part) for part in parts]
        for done, each in enumerate(asyncio.as_completed(waiting), start=1):
            yield await each
            report(done, len(parts))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


class _Given(NamedTuple):
    """What a process of the pool works with: read and compiled once."""

    url: str
    question: Question
    draft: ProgrammeSnapshot
    programmes: PublishedProgrammes


_given: _Given | None = None


def _begin(url: str, question: bytes) -> None:
    global _given  # a process of the pool has one question for its whole life
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(_LOW_PRIORITY)
    asked = msgspec.json.decode(question, type=Question)
    _given = _Given(url, asked, ProgrammeSnapshot(DRAFT_VERSION, asked.document), PublishedProgrammes())


def _end_with_parent() -> None:
    # The pool's own pipes stay open in its processes, so that they would wait for a killed parent for ever.
    parent = multiprocessing.parent_process()
    assert parent is not None, "a process of the pool was started by one"
    wait([parent.sentinel])
    os._exit(1)


def _work(work: Work[T], part: Part) -> T:
    assert _given is not None, "the pool begins its processes"
    return asyncio.run(_worked(_given, work, part))


async def _worked(given: _Given, work: Work[T], part: Part) -> T:
    database = Database(given.url, pool_size=1)
    try:
        async with database.read() as session:
            await refresh(session, given.programmes)
            return await work(await driver(session), given.question, part, given.draft, given.programmes)
    finally:
        await database.close()
