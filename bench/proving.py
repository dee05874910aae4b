"""A speed counts only when what it wrote is right."""

from datetime import timedelta
from typing import Final

from bench.stand import Stand, opened
from loyalty.verification.invariant import Scope
from loyalty.verification.running import verify

_PATIENCE: Final = timedelta(days=36_500)


class BooksWrongError(Exception):
    """The invariants do not hold after a run, so that its figures mean nothing."""


async def prove(stand: Stand) -> str:
    """Run every invariant over the stand's database; answers that they hold. Raises ``BooksWrongError``.

    No worker runs beside a measurement: events may wait.
    """
    async with opened(stand.settings) as services:
        results = await verify(services.database, Scope(now=services.clock(), delivery_patience=_PATIENCE))
    broken = [result for result in results if result.violations]
    if broken:
        told = "; ".join(
            f"{one.invariant.code} {one.invariant.title}: {one.violations}, such as {one.examples[:1]}"
            for one in broken
        )
        raise BooksWrongError(told)
    return f"All {len(results)} invariants hold"
