"""Keeping a process's programme versions up to date: asked for when it starts, and every second after that."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from api.services import Services
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.publishing import refresh
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.tiers.plan import TierPlan

REFRESH_EVERY_S = 1.0

log = structlog.get_logger()


async def refresh_programmes(services: Services) -> None:
    """Take over versions that were published meanwhile. A database that is down changes nothing and raises nothing."""
    try:
        async with services.database.read() as session:
            if await refresh(session, services.programmes):
                log.info("programme_version", version=services.programmes.latest_version)
    except Exception as error:
        log.warning("programme_refresh_failed", error=repr(error))


async def learn_version(services: Services, version: int | None) -> None:
    """Have a version that somebody names known here. Another process may have published it within the last second."""
    if version is not None and services.programmes.version(version) is None:
        await refresh_programmes(services)


async def published_version(services: Services, version: int) -> ProgrammeSnapshot:
    """The version that a recorded fact names."""
    await learn_version(services, version)
    snapshot = services.programmes.version(version)
    assert snapshot is not None, "what is recorded names a published version"
    return snapshot


@asynccontextmanager
async def fresh_programmes(services: Services) -> AsyncIterator[None]:
    """Refresh until the block ends."""
    await refresh_programmes(services)
    task = asyncio.create_task(_keep_fresh(services))
    try:
        yield
    finally:
        task.cancel()


async def _keep_fresh(services: Services) -> None:
    while True:
        await asyncio.sleep(REFRESH_EVERY_S)
        await refresh_programmes(services)


def current_documents(services: Services) -> list[ProgrammeDocument]:
    """What is in force, and what was published last and may start later: its lists and pools can be filled before."""
    latest = services.programmes.version(services.programmes.latest_version)
    return [services.programmes.at(services.clock()).document, *([latest.document] if latest else [])]


def tiers_in_force(services: Services) -> TierPlan | None:
    """The tiers of the programme in force; None before anything was published."""
    programmes = services.programmes
    return programmes.at(services.clock()).tier_plan if programmes.latest_version else None
