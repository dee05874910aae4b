"""What a test says at its end: whatever it did, the books are right."""

from datetime import timedelta

from api.services import Services
from loyalty.verification.invariant import Scope, Violation
from loyalty.verification.running import verify

_NO_WORKER_RUNS = timedelta(days=36_500)


async def violations(services: Services) -> dict[str, list[Violation]]:
    """Code of each broken invariant to the first of what breaks it. Events may wait: no worker delivers them."""
    scope = Scope(now=services.clock(), delivery_patience=_NO_WORKER_RUNS)
    broken: dict[str, list[Violation]] = {}
    for result in await verify(services.database, scope):
        if result.violations:
            broken.setdefault(result.invariant.code, []).extend(result.examples)
    return broken


async def assert_verified(services: Services) -> None:
    """Every invariant of the ledger holds for what is in the database now."""
    assert await violations(services) == {}
