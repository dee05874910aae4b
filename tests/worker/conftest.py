"""A database of its own for each test of the worker: they cut its connections and kill processes that use it."""

import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest
import structlog

from kernel.database import Database
from tests.conftest import DatabaseUrls, Engines, clone_database
from tests.worker.pings import EFFECT_TABLE


@pytest.fixture(autouse=True, scope="session")
def terse_logs() -> None:
    """Failures are provoked here by the dozen; drawing each traceback would take most of the time."""
    structlog.configure(processors=[structlog.processors.KeyValueRenderer()])


@pytest.fixture
async def worker_urls(engines: Engines, template: str) -> DatabaseUrls:
    """A migrated database with the table that test handlers write to."""
    urls = await clone_database(engines, template, f"worker_{uuid.uuid4().hex}")
    connection = await asyncpg.connect(urls.owner_dsn)
    await connection.execute(EFFECT_TABLE)
    await connection.close()
    return urls


@pytest.fixture
async def database(worker_urls: DatabaseUrls) -> AsyncIterator[Database]:
    opened = Database(worker_urls.app, pool_size=4)
    yield opened
    await opened.close()
