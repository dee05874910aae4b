"""Bringing a database to the newest revision, and drafting the next one."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from migrations.drift import differences
from migrations.grants import grant

_HERE: Final = Path(__file__).parent
_TIDY_NEW_FILES: Final = {
    "hooks": "fix, format",
    **{f"{hook}.type": "module" for hook in ("fix", "format")},
    **{f"{hook}.module": "ruff" for hook in ("fix", "format")},
    "fix.options": "check --fix --quiet REVISION_SCRIPT_FILENAME",
    "format.options": "format --quiet REVISION_SCRIPT_FILENAME",
}


async def migrate(owner_url: str, *, app_role: str) -> None:
    """Apply the missing revisions and the rights of ``app_role``, in one transaction; nothing is done on an error.

    Several processes may call it at once: the later ones wait and find nothing to do. Raises
    ``migrations.grants.SharedRoleError``.
    """
    engine = create_async_engine(owner_url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('migrate', 0))"))
            await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), "head"))
            await grant(connection, app_role=app_role)
    finally:
        await engine.dispose()


async def schema_differences(owner_url: str) -> list[str]:
    """What a migrated database has otherwise than the models say, one line each. Leaves no trace in the database."""
    engine = create_async_engine(owner_url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return await _revisions_missing(connection) or await differences(connection)
    finally:
        await engine.dispose()


async def draft_revision(owner_url: str, message: str) -> None:
    """Write the next revision: what leads from the database at ``owner_url``, which is at the head, to the models.

    It wants a reader before it is kept: in tables that exist Alembic sees no changed CHECK, no changed predicate of an
    index and no storage parameter. ``schema_differences`` sees them all.
    """
    revision_id = f"{len(list((_HERE / 'versions').glob('[0-9]*.py'))) + 1:04}"
    engine = create_async_engine(owner_url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(
                lambda sync: command.revision(alembic_config(sync), message, autogenerate=True, rev_id=revision_id)
            )
    finally:
        await engine.dispose()


def alembic_config(connection: Connection) -> Config:
    """Alembic, working on an open connection."""
    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    for option, value in _TIDY_NEW_FILES.items():
        config.set_section_option("post_write_hooks", option, value)
    config.attributes["connection"] = connection
    return config


async def _revisions_missing(connection: AsyncConnection) -> list[str]:
    def compare(sync: Connection) -> list[str]:
        at = set(MigrationContext.configure(sync).get_current_heads())
        head = set(ScriptDirectory.from_config(alembic_config(sync)).get_heads())
        return [] if at == head else [f"the database is at revision {sorted(at)}, the newest is {sorted(head)}"]

    return await connection.run_sync(compare)
