"""The revisions build what the models describe, and give the application exactly its rights."""

import asyncio
import uuid

import asyncpg
import pytest
from alembic import command
from sqlalchemy.ext.asyncio import create_async_engine

from migrations.grants import APPEND_ONLY, SharedRoleError, excess_rights
from migrations.running import alembic_config, migrate, schema_differences
from migrations.tables import METADATA
from tests.conftest import APP_ROLE, DatabaseUrls, Engines, clone_database

pytestmark = pytest.mark.anyio


@pytest.fixture
async def empty_urls(engines: Engines) -> DatabaseUrls:
    """A database that no migration has touched."""
    return await clone_database(engines, "template1", f"migrations_{uuid.uuid4().hex}")


@pytest.fixture
async def migrated_urls(engines: Engines, template: str) -> DatabaseUrls:
    return await clone_database(engines, template, f"migrations_{uuid.uuid4().hex}")


async def run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await connection.execute(statement)
    await connection.close()


async def test_the_revisions_build_exactly_the_models(migrated_urls: DatabaseUrls) -> None:
    assert await schema_differences(migrated_urls.owner) == []


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ("ALTER TABLE lot DROP CONSTRAINT lot_bounds", "constraint lot_bounds on lot"),
        ("DROP INDEX hold_open; CREATE INDEX hold_open ON hold (member_id)", "index CREATE INDEX hold_open"),
        ("ALTER TABLE balance ALTER held SET DEFAULT 1", "column balance.held bigint not null default '1'"),
        ("ALTER TABLE member SET (fillfactor = 100)", "storage of member"),
        ("ALTER TABLE journal ALTER amount TYPE integer", "column journal.amount integer"),
        ("CREATE TABLE stray (id bigint)", "table stray"),
    ],
)
async def test_a_difference_is_found_that_alembic_would_miss(
    migrated_urls: DatabaseUrls, change: str, finding: str
) -> None:
    await run(migrated_urls.owner, change)
    assert any(
        finding.replace("'", "") in line.replace("'", "") for line in await schema_differences(migrated_urls.owner)
    )


async def test_a_database_behind_the_newest_revision_is_called_that(empty_urls: DatabaseUrls) -> None:
    assert [line.split(",")[0] for line in await schema_differences(empty_urls.owner)] == [
        "the database is at revision []"
    ]


async def test_several_may_migrate_at_once_and_again(empty_urls: DatabaseUrls) -> None:
    await asyncio.gather(*(migrate(empty_urls.owner, app_role=APP_ROLE) for _ in range(3)))
    await migrate(empty_urls.owner, app_role=APP_ROLE)
    assert await schema_differences(empty_urls.owner) == []


async def test_counters_come_along_when_their_table_changes(migrated_urls: DatabaseUrls) -> None:
    by_rule = [
        (1, "base", "day", "2026-03-02", 40),
        (1, "coffee", "day", "2026-03-02", 9),
        (1, "base", "lifetime", "ever", 2**53),
    ]
    engine = create_async_engine(migrated_urls.owner)
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: command.downgrade(alembic_config(sync), "0012"))
    database = await asyncpg.connect(migrated_urls.owner_dsn)
    await database.executemany("INSERT INTO cap_counter VALUES ($1, $2, $3, $4, $5)", by_rule)
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), "0013"))
    rows = await database.fetch("SELECT period, used::text FROM cap_counter ORDER BY 1")
    assert [tuple(row) for row in rows] == [
        ("day", '{"base": 40, "coffee": 9}'),
        ("lifetime", '{"base": 9007199254740992}'),
    ]
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: command.downgrade(alembic_config(sync), "0012"))
    assert {tuple(row) for row in await database.fetch("SELECT * FROM cap_counter")} == set(by_rule)
    await database.close()
    await engine.dispose()


async def test_downgrading_leaves_nothing_behind(migrated_urls: DatabaseUrls) -> None:
    engine = create_async_engine(migrated_urls.owner)
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: command.downgrade(alembic_config(sync), "base"))
    await engine.dispose()
    left = await asyncpg.connect(migrated_urls.owner_dsn)
    names = await left.fetch("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")
    await left.close()
    assert {row["relname"] for row in names} == {"alembic_version", "alembic_version_pkc"}


async def test_the_application_may_change_rows_except_where_history_is_kept(migrated_urls: DatabaseUrls) -> None:
    application = await asyncpg.connect(migrated_urls.app.replace("+asyncpg", ""))
    rights = {
        table: {
            right
            for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
            if await application.fetchval("SELECT has_table_privilege($1, $2)", table, right)
        }
        for table in METADATA.tables
    }
    await application.close()
    assert rights == {
        table: {"SELECT", "INSERT"} if table in APPEND_ONLY else {"SELECT", "INSERT", "UPDATE", "DELETE"}
        for table in METADATA.tables
    }


async def test_a_right_that_somebody_added_is_seen_and_taken_back(migrated_urls: DatabaseUrls) -> None:
    await run(migrated_urls.owner, f"GRANT UPDATE, TRUNCATE ON journal TO {APP_ROLE}")
    engine = create_async_engine(migrated_urls.owner)
    async with engine.connect() as connection:
        assert await excess_rights(connection, app_role=APP_ROLE) == [("journal", "TRUNCATE"), ("journal", "UPDATE")]
    await migrate(migrated_urls.owner, app_role=APP_ROLE)
    async with engine.connect() as connection:
        assert await excess_rights(connection, app_role=APP_ROLE) == []
    await engine.dispose()


async def test_the_owner_cannot_be_the_applications_role(empty_urls: DatabaseUrls) -> None:
    with pytest.raises(SharedRoleError):
        await migrate(empty_urls.owner, app_role="comeback_owner")
    assert "the database is at revision []" in (await schema_differences(empty_urls.owner))[0]
