"""A document by what the command line calls it: a file, or `version:4`, `draft:spring`, `current` in the database."""

import re
from typing import TYPE_CHECKING

import typer

from api.cli.programme.opening import REFUSED, read_file, with_database
from api.cli.programme.telling import print_problems

if TYPE_CHECKING:
    from kernel.database import Database
    from loyalty.programme.document import ProgrammeDocument
    from loyalty.programme.finding import ProgrammeName

NAMING = "A file, or version:4, draft:spring or current in the database."
_NAMED = re.compile(r"(version):([1-9][0-9]{0,15})|(draft):([A-Za-z0-9][A-Za-z0-9._-]*)|current")


def read_document(name: str) -> "ProgrammeDocument":
    """The document of that name. Ends the command with 1 where it cannot be read as one."""
    if (named := _NAMED.fullmatch(name)) is None:
        return read_document_file(name)
    from loyalty.programme.finding import ProgrammeName

    version, draft_id = named[2], named[4]
    wanted = ProgrammeName(draft_id=draft_id, version=int(version) if version else None)
    return with_database(lambda database: _find(database, wanted))


def read_document_file(name: str) -> "ProgrammeDocument":
    """The document in a file; its problems are printed where it cannot be read as one."""
    from loyalty.programme.decoding import ProgrammeUnreadableError, decode_programme_yaml

    try:
        return decode_programme_yaml(read_file(name))
    except ProgrammeUnreadableError as refusal:
        print_problems(refusal.problems)
        raise typer.Exit(REFUSED) from None


async def _find(database: "Database", name: "ProgrammeName") -> "ProgrammeDocument":
    from kernel.clock import system_clock
    from loyalty.programme.finding import find_document
    from loyalty.programme.publishing import refresh
    from loyalty.programme.versions import PublishedProgrammes

    programmes = PublishedProgrammes()
    async with database.read() as session:
        await refresh(session, programmes)
        return await find_document(session, name, programmes, now=system_clock())
