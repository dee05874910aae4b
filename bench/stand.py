"""The stand: engines on an empty disk, the schema, twenty live rules, eight stores and their tills, and members."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import asyncpg
from pydantic import SecretStr
from sqlalchemy import make_url

from api.engines import PostgresServer, embedded_postgres, embedded_valkey, scratch_data_dir
from api.engines.ports import free_port_near
from api.opening import open_services
from api.programmes import refresh_programmes
from api.security.access import issue_terminal_access
from api.services import Services
from bench.earning import CATEGORIES, programme
from kernel.clock import system_clock
from kernel.settings import Settings
from loyalty.catalogue import CatalogueEntry, import_catalogue
from loyalty.models import Terminal
from loyalty.programme.publishing import publish_programme
from loyalty.stores import create_store
from loyalty.terminals import create_terminal
from migrations.running import migrate

RULES: Final = 20
STORES: Final = 8
SKUS: Final = 400
ZONE: Final = "Europe/Berlin"
CURRENCY: Final = "EUR"
DATABASE: Final = "comeback"
PGBENCH_DATABASE: Final = "comeback_pgbench"

_ENROL: Final = """
INSERT INTO member (zone, language, tier, home_store_id, enrolled_at, recorded_at)
SELECT 'Europe/Berlin', 'en', 'gold', 'store-' || (n % 8 + 1), $2::timestamptz - interval '1 year', $2
FROM generate_series(1, $1::bigint) AS n
"""
_NAME: Final = """
INSERT INTO person (member_id, name, birthday, updated_at)
SELECT member_id, 'Member ' || member_id, date '1970-01-01' + (member_id % 15000)::int, $1 FROM member
"""
_REMEMBER: Final = """
INSERT INTO member_fact (member_id, purchases_count, last_purchase_on, spend_minor, updated_at)
SELECT member_id, 0, $1::date - 9, 0, $2 FROM member
"""


@dataclass(frozen=True, slots=True)
class Stand:
    """Everything that a part of the bench needs to know."""

    settings: Settings
    postgres: PostgresServer
    directory: Path

    @property
    def owner_dsn(self) -> str:
        return self.postgres.owner_url.replace("+asyncpg", "")

    @property
    def pgbench_url(self) -> str:
        """The application's role on the copy of the database that pgbench works on."""
        return make_url(self.postgres.app_url).set(database=PGBENCH_DATABASE).render_as_string(hide_password=False)


@contextmanager
def stand() -> Iterator[Stand]:
    """Engines that write to disk as in production, on a directory that is removed afterwards."""
    with (
        scratch_data_dir() as directory,
        embedded_postgres(directory) as postgres,
        embedded_valkey(directory) as valkey,
    ):
        port = free_port_near(18080)
        settings = Settings(
            database_url=SecretStr(postgres.owner_url),
            app_database_url=SecretStr(postgres.app_url),
            redis_url=SecretStr(valkey.url),
            data_dir=directory,
            port=port,
            internal_port=free_port_near(port + 1, but_not=port),
            log_level="warning",
        )
        yield Stand(settings, postgres, directory)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Services]:
    """The service's own long-lived objects, in this process."""
    async with open_services(settings, clock=system_clock) as services:
        await refresh_programmes(services)
        yield services


async def migrated(stand: Stand) -> None:
    """The schema, empty."""
    role = make_url(stand.postgres.app_url).username
    assert role is not None, "an embedded server names both its roles"
    await migrate(stand.postgres.owner_url, app_role=role)


async def populate(stand: Stand, *, members: int) -> None:
    """The schema and everything that is there before the first sale. Statistics are gathered at the end."""
    await migrated(stand)
    async with opened(stand.settings) as services:
        now = services.clock()
        await _open_shop(services, now=now)
    connection = await asyncpg.connect(stand.owner_dsn)
    try:
        await connection.execute(_ENROL, members, now)
        await connection.execute(_NAME, now)
        await connection.execute(_REMEMBER, now.date(), now)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def gather_statistics(owner_dsn: str, database: str) -> None:
    """VACUUM ANALYZE, as autovacuum would have done it by then."""
    connection = await asyncpg.connect(owner_dsn, database=database)
    try:
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def _open_shop(services: Services, *, now: datetime) -> None:
    async with services.database.write() as session:
        document = programme(RULES, applying=True).document
        await publish_programme(session, document, starts_at=now, published_by="job:bench", note="", now=now)
        for number in range(1, STORES + 1):
            await create_store(
                session,
                store_id=f"store-{number}",
                name=f"Store {number}",
                zone=ZONE,
                currency=CURRENCY,
                legal_entity="Bench GmbH",
                now=now,
            )
            await create_terminal(
                session, terminal_id=f"till-{number}", store_id=f"store-{number}", name=f"Till {number}", now=now
            )
        entries = [
            CatalogueEntry(sku=f"sku-{n}", names={"en": f"Article {n}"}, category=CATEGORIES[n % 4], brand="ours")
            for n in range(SKUS)
        ]
        await import_catalogue(session, entries, now=now)
        await session.commit()


async def till_tokens(settings: Settings) -> list[str]:
    """An access token for each till, as its sign-in would give it."""
    async with opened(settings) as services:
        now = services.clock()
        return [
            issue_terminal_access(
                services.signing_keys,
                Terminal(
                    terminal_id=f"till-{number}",
                    store_id=f"store-{number}",
                    name="",
                    kind="till",
                    training=False,
                    acts_for=[],
                    status="active",
                    created_at=now,
                ),
                "bench",
                now=now,
            ).token
            for number in range(1, STORES + 1)
        ]
