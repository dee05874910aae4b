"""A speed counts only when what it wrote is right."""

from bench.stand import Stand, opened
from loyalty.verification.invariant import Scope
from loyalty.verification.running import verify


class BooksWrongError(Exception):
    """The invariants do not hold after a run, so that its figures mean nothing."""


async def prove(stand: Stand) -> str:
    """Run every invariant over the stand's database; answers how many held. Raises ``BooksWrongError``."""
    async with opened(stand.settings) as services:
        results = await verify(services.database, Scope(now=services.clock()))
    broken = [result for result in results if result.violations]
    if broken:
        told = "; ".join(
            f"{one.invariant.code} {one.invariant.title}: {one.violations}, such as {one.examples[:1]}" for one in broken
        )
        raise BooksWrongError(told)
    return f"{len(results)} invariants hold"
