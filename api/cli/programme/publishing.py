"""`comeback programme publish` and `rollback`: a new version from a file, or an earlier version again."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.programme.documents import read_document_file
from api.cli.programme.opening import ACTOR, REFUSED, with_database
from api.cli.programme.telling import print_json
from kernel.settings import Settings

if TYPE_CHECKING:
    from kernel.database import Database, WriteSession
    from loyalty.programme.snapshot import ProgrammeSnapshot

Note = Annotated[str, typer.Option(help="Why.")]
StartsAt = Annotated[
    datetime | None,
    typer.Option(
        metavar="INSTANT",
        help="Not before this instant, with its offset: 2026-03-01T00:00:00+03:00.",
        formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"],
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def publish(
    file: Annotated[str, typer.Argument(help="A programme as YAML; - for standard input.")],
    note: Note = "",
    starts_at: StartsAt = None,
    as_json: AsJson = False,
) -> None:
    """Publish a file as the next version. Ends with 1 when it has errors; nothing is published then."""
    from loyalty.programme.publishing import publish_programme

    _refuse_alone()
    document = read_document_file(file)

    async def act(session: "WriteSession", now: datetime) -> "ProgrammeSnapshot":
        return await publish_programme(
            session, document, starts_at=starts_at or now, published_by=ACTOR, note=note, now=now
        )

    _publish(act, as_json=as_json)


def rollback(
    version: Annotated[int, typer.Argument(min=1, help="The version whose document is to be in force again.")],
    note: Note = "",
    starts_at: StartsAt = None,
    as_json: AsJson = False,
) -> None:
    """Publish the document of an earlier version as the next version. Nothing is deleted."""
    from loyalty.programme.publications import Publication
    from loyalty.programme.publications import publish as publish_again

    _refuse_alone()

    async def act(session: "WriteSession", now: datetime) -> "ProgrammeSnapshot":
        publication = Publication(version=version, starts_at=starts_at, note=note)
        return await publish_again(session, publication, published_by=ACTOR, now=now)

    _publish(act, as_json=as_json)


def _refuse_alone() -> None:
    """Where a second person has to approve, nobody publishes from a shell."""
    if Settings().publishing_approval == "second_person":
        typer.echo("A second person has to approve: import the file as a draft and ask for it there.", err=True)
        raise typer.Exit(REFUSED)


def _publish(act: "Callable[[WriteSession, datetime], Awaitable[ProgrammeSnapshot]]", *, as_json: bool) -> None:
    async def work(database: "Database") -> int:
        from kernel.clock import system_clock
        from loyalty.audit import record_change

        now = system_clock()
        async with database.write() as session:
            snapshot = await act(session, now)
            await record_change(
                session, actor=ACTOR, action="programme.published", subject=f"programme:{snapshot.version}", now=now
            )
            await session.commit()
        return snapshot.version

    version = with_database(work)
    if as_json:
        print_json({"version": version})
    else:
        print(f"Published as version {version}.")
