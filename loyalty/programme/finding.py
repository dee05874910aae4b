"""A programme by its name: a draft, a published version, or what is in force."""

import asyncio
from datetime import datetime

import msgspec
from msgspec import Struct

from kernel.database import ReadSession
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.drafts import document_of, read_draft
from loyalty.programme.problems import errors_among
from loyalty.programme.publishing import ProgrammeInvalidError, read_version
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.programme.validation import problems_of
from loyalty.programme.versions import Programmes

UNPUBLISHED = 0
"""The version of a snapshot that was made of a draft."""


class ProgrammeName(Struct, frozen=True, kw_only=True):
    """At most one of the two is given; neither: what is in force."""

    draft_id: str | None = None
    version: int | None = None


async def find_document(
    session: ReadSession, name: ProgrammeName, programmes: Programmes, *, now: datetime
) -> ProgrammeDocument:
    """Raises ``DraftNotFoundError``, ``VersionNotFoundError`` or ``NoProgrammeError``."""
    if name.draft_id is not None:
        return document_of(await read_draft(session, name.draft_id))
    if name.version is not None:
        return msgspec.convert((await read_version(session, name.version)).document, ProgrammeDocument)
    return programmes.at(now).document


async def compile_named(
    session: ReadSession, name: ProgrammeName, programmes: Programmes, *, now: datetime
) -> ProgrammeSnapshot:
    """The same, ready to evaluate; a draft is version ``UNPUBLISHED``.

    Raises ``ProgrammeInvalidError`` as well, for a draft with errors.
    """
    if name.draft_id is None:
        snapshot = programmes.at(now) if name.version is None else programmes.version(name.version)
        if snapshot is not None:
            return snapshot
    document = await find_document(session, name, programmes, now=now)
    if errors := errors_among(await problems_of(document)):
        raise ProgrammeInvalidError(errors)
    # In a thread: hundreds of conditions take a second in which tills are served.
    return await asyncio.to_thread(ProgrammeSnapshot, name.version or UNPUBLISHED, document)
