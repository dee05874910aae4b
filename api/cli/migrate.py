"""`comeback migrate`: the schema, and what the application may do in it."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import make_url

from kernel.settings import Settings


def migrate(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; fail when the database is not what the models say.")
    ] = False,
    draft: Annotated[
        str | None, typer.Option(metavar="WHAT", help="Write the next revision from the models, on a scratch database.")
    ] = None,
) -> None:
    """Bring the database at DATABASE_URL to the newest revision and give the role of APP_DATABASE_URL its rights."""
    from migrations.running import migrate as apply
    from migrations.running import schema_differences

    console = Console()
    if draft is not None:
        _draft(draft)
        return
    owner_url, app_role = addresses_of(Settings())
    if not check:
        asyncio.run(apply(owner_url, app_role=app_role))
        console.print("The database is at the newest revision.")
        return
    found = asyncio.run(schema_differences(owner_url))
    for line in found:
        console.print(line, markup=False, soft_wrap=True)
    if found:
        raise typer.Exit(1)
    console.print("The database is what the models say.")


def addresses_of(settings: Settings) -> tuple[str, str]:
    """The owner's URL, and the name of the application's role."""
    if settings.database_url is None or settings.app_database_url is None:
        raise typer.BadParameter("DATABASE_URL (owner) and APP_DATABASE_URL (application) are needed")
    app_role = make_url(settings.app_database_url.get_secret_value()).username
    if app_role is None:
        raise typer.BadParameter("APP_DATABASE_URL names no role")
    return settings.database_url.get_secret_value(), app_role


def _draft(what: str) -> None:
    from api.engines import embedded_postgres, scratch_data_dir
    from migrations.running import draft_revision
    from migrations.running import migrate as apply

    async def bring_to_head_and_draft(owner_url: str, app_role: str) -> None:
        await apply(owner_url, app_role=app_role)
        await draft_revision(owner_url, what)

    with scratch_data_dir() as directory, embedded_postgres(directory, durable=False) as postgres:
        app_role = make_url(postgres.app_url).username
        assert app_role is not None, "an embedded server names both its roles"
        asyncio.run(bring_to_head_and_draft(postgres.owner_url, app_role))
