"""What the commands work on: files, and the documents of a running database."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from api.cli.backing import application_database
from api.engines import EngineError
from kernel.errors import DomainError
from kernel.settings import Settings

if TYPE_CHECKING:
    from kernel.database import Database

ACTOR = "job:cli"
"""Who is named in the audit log and beside a version."""
REFUSED = 1
TROUBLE = 2
T = TypeVar("T")


def read_file(name: str) -> str:
    """The text of a file, or of standard input for ``-``. Ends the command with 2 where there is none."""
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        raise typer.BadParameter(f"{name} cannot be read: {failure}") from None


def with_database(work: "Callable[[Database], Awaitable[T]]") -> T:
    """Run ``work`` on the database at APP_DATABASE_URL, or the embedded one. Ends the command with 1 on a refusal."""
    try:
        with application_database(Settings()) as url:
            return asyncio.run(_run(url, work))
    except EngineError as problem:
        raise typer.BadParameter(str(problem)) from None
    except DomainError as refusal:
        typer.echo(f"{refusal.code}: {refusal.detail}", err=True)
        raise typer.Exit(REFUSED) from None


async def _run(url: str, work: "Callable[[Database], Awaitable[T]]") -> T:
    from kernel.database import Database

    database = Database(url, pool_size=1)
    try:
        return await work(database)
    finally:
        await database.close()
