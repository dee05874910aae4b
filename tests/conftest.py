"""What tests of the API and of the domain share: engines, a migrated database, the application, a movable clock.

The engines start once per pytest worker. A template database is made by running the migrations and cloned, so that
what the tests meet is what an installation has. One application and one database serve a worker's tests; what a
test wrote is removed after it.
"""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import hypothesis
import pytest
import structlog
from litestar import Litestar
from sqlalchemy import make_url

from api.app import create_app
from api.engines import embedded_postgres, embedded_valkey, scratch_data_dir
from api.services import Services
from kernel.settings import Settings
from migrations.running import migrate
from migrations.tables import METADATA
from tests.clocks import MovableClock
from tests.shop import Shop

APP_ROLE = "comeback_app"

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts us in the background lets us, and the programs that tests start, ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile("repeatable")
"""The default run tries the same examples each time and times none; the ``nightly`` runs search at random."""


@dataclass(frozen=True)
class Engines:
    """The running engines of this worker."""

    owner_url: str
    app_url: str
    redis_url: str
    data_dir: Path


@dataclass(frozen=True)
class DatabaseUrls:
    """One database under its two roles."""

    owner: str
    app: str

    @property
    def owner_dsn(self) -> str:
        """For asyncpg itself."""
        return self.owner.replace("+asyncpg", "")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    with (
        scratch_data_dir() as directory,
        embedded_postgres(directory, durable=False, bin_dir=_other_postgres(), say=_say_nothing) as postgres,
        embedded_valkey(directory, say=_say_nothing) as valkey,
    ):
        yield Engines(postgres.owner_url, postgres.app_url, valkey.url, directory)


@pytest.fixture(scope="session")
async def template(engines: Engines) -> str:
    """Name of a migrated, empty database that nobody is connected to."""
    await clone_database(engines, "template1", "comeback_template")
    await migrate(_named(engines.owner_url, "comeback_template"), app_role=APP_ROLE)
    return "comeback_template"


@pytest.fixture(scope="session")
async def database_urls(engines: Engines, template: str) -> DatabaseUrls:
    """The database that this worker's tests share."""
    return await clone_database(engines, template, "comeback_tests")


@pytest.fixture(scope="session")
def settings(engines: Engines, database_urls: DatabaseUrls) -> Settings:
    return Settings(
        database_url=database_urls.owner,
        app_database_url=database_urls.app,
        redis_url=engines.redis_url,
        data_dir=engines.data_dir,
        database_pool_size=10,
        phone_region="RU",
        development=True,
    )


@pytest.fixture(scope="session")
def shared_clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def clock(shared_clock: MovableClock) -> MovableClock:
    """The application's clock: it stands still until it is moved."""
    shared_clock.begin_test()
    return shared_clock


@pytest.fixture(scope="session")
async def app(settings: Settings, shared_clock: MovableClock) -> AsyncIterator[Litestar]:
    structlog.configure(processors=[structlog.processors.KeyValueRenderer()])
    application = create_app(settings, clock=shared_clock)
    async with application.lifespan():
        yield application


@pytest.fixture
async def services(app: Litestar, clock: MovableClock, database_urls: DatabaseUrls) -> AsyncIterator[Services]:
    """What handlers get. Everything that the test wrote is gone afterwards."""
    opened: Services = app.state.services
    yield opened
    await empty(database_urls)
    await opened.redis.flushdb()


@pytest.fixture
async def client(app: Litestar, services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """HTTP without a socket. Unexpected errors come back as the 500 that a client would see."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]  # its ASGI types are looser
    async with httpx.AsyncClient(transport=transport, base_url="http://comeback.test") as opened:
        yield opened


@pytest.fixture
def shop(services: Services, client: httpx.AsyncClient) -> Shop:
    """Makes stores, terminals, cashiers, members and staff, and signs them in."""
    return Shop(services, client)


async def clone_database(engines: Engines, template: str, name: str) -> DatabaseUrls:
    """A new database with the contents of ``template``, to which nobody may be connected."""
    connection = await asyncpg.connect(engines.owner_url.replace("+asyncpg", ""))
    try:
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    finally:
        await connection.close()
    return DatabaseUrls(_named(engines.owner_url, name), _named(engines.app_url, name))


async def empty(urls: DatabaseUrls) -> None:
    """Delete all rows of all tables that have any. Cheaper than TRUNCATE, which makes each table's file anew."""
    tables = [table.name for table in METADATA.sorted_tables]
    question = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables)  # noqa: S608 - our tables
    connection = await asyncpg.connect(urls.owner_dsn)
    try:
        for row in await connection.fetch(question):
            await connection.execute(f"DELETE FROM {row[0]}")  # noqa: S608 - our tables
    finally:
        await connection.close()


def _other_postgres() -> Path | None:
    """Another PostgreSQL than the embedded one: ``COMEBACK_TEST_POSTGRES_BIN=/usr/lib/postgresql/15/bin``."""
    named = os.environ.get("COMEBACK_TEST_POSTGRES_BIN")
    return Path(named) if named else None


def _named(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def _say_nothing(_: str) -> None:
    """The engines' announcements are not wanted in a test's output."""
