"""Running the invariants over one view of the database."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import text

from kernel.database import Database, ReadSession
from loyalty.verification.catalogue import INVARIANTS
from loyalty.verification.invariant import Invariant, Scope, Violation

_SETTINGS = text("SELECT set_config('work_mem', '128MB', true), set_config('jit', 'off', true)")
"""The folds hash and sort whole tables; compiling them gains nothing. For this transaction alone."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one invariant. ``examples`` are the first of ``violations``."""

    invariant: Invariant
    violations: int
    examples: tuple[Violation, ...]
    seconds: float
    skipped: bool = False
    """It says nothing of a part of the members, and only a part was asked for."""


async def verify(
    database: Database,
    scope: Scope,
    *,
    examples: int = 5,
    on_begin: Callable[[Invariant], None] = lambda _: None,
) -> list[Result]:
    """Run all invariants in one REPEATABLE READ, READ ONLY transaction: sales go on meanwhile and are not seen."""
    async with database.read() as session:
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        return await verify_in(session, scope, examples=examples, on_begin=on_begin)


async def verify_in(
    session: ReadSession,
    scope: Scope,
    *,
    examples: int = 5,
    on_begin: Callable[[Invariant], None] = lambda _: None,
) -> list[Result]:
    """Run all invariants in the session's transaction; a result each. ``on_begin`` hears of each before it runs."""
    await (await session.connection()).execute(_SETTINGS)
    results = []
    for invariant in INVARIANTS:
        on_begin(invariant)
        if invariant.needs_all_members and not scope.is_whole:
            results.append(Result(invariant, 0, (), 0.0, skipped=True))
            continue
        began = time.perf_counter()
        found = await invariant.find(session, scope, examples=examples)
        results.append(Result(invariant, found.total, tuple(found.examples), time.perf_counter() - began))
    return results
