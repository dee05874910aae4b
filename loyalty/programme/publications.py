"""A publication: which document becomes the next version, from when, and in the place of what.

Nothing is ever deleted. Rolling back publishes the document of an earlier version again; a version that has not
started yet is cancelled by another one that starts at the same instant, since of those the later number is in force.
"""

from datetime import datetime

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlmodel import col, select

from kernel.database import ReadSession, WriteSession
from kernel.errors import ConflictError, StaleError, UnprocessableError
from loyalty.models import ProgrammeVersion
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.drafts import document_of, lock_draft
from loyalty.programme.publishing import lock_publishing, publish_programme, read_version
from loyalty.programme.snapshot import ProgrammeSnapshot


class PublicationUnclearError(UnprocessableError):
    """It names no document, or two; or two instants."""

    code = "publication_unclear"
    title = "Name a draft or a version, and a start or the version that is not to start."


class VersionStartedError(ConflictError):
    """It is in force, or was: only what has not started can be cancelled. Roll back instead."""

    code = "programme_version_started"
    title = "This version has started."


class Publication(Struct, frozen=True, kw_only=True):
    """``draft_id`` at ``revision``, or ``version`` again; with neither, ``instead_of`` alone is cancelled."""

    draft_id: str | None = None
    revision: int | None = None
    version: int | None = None
    instead_of: int | None = None
    """A version that has not started: the new one starts at its instant and takes its place."""
    starts_at: datetime | None = None
    """None, or in the past: at once."""
    note: str = ""


def check_publication(publication: Publication) -> None:
    """Raises ``PublicationUnclearError``."""
    documents = (publication.draft_id is not None) + (publication.version is not None)
    cancels = publication.instead_of is not None
    if documents > 1 or (documents == 0 and not cancels) or (cancels and publication.starts_at is not None):
        raise PublicationUnclearError


async def with_document_named(session: ReadSession, publication: Publication, *, now: datetime) -> Publication:
    """The same, to be carried out later: what is in force before a cancelled version is named as it is now.

    Raises ``PublicationUnclearError``, ``VersionNotFoundError`` and ``VersionStartedError``.
    """
    check_publication(publication)
    if publication.instead_of is None or publication.draft_id is not None or publication.version is not None:
        return publication
    starts_at = await _start_to_take_over(session, publication.instead_of, now=now)
    return replace(publication, version=(await _version_before(session, starts_at)).version)


async def publish(
    session: WriteSession, publication: Publication, *, published_by: str, now: datetime
) -> ProgrammeSnapshot:
    """Publish what ``publication`` says.

    Raises ``PublicationUnclearError``, ``DraftNotFoundError``, ``VersionNotFoundError``, ``StaleError`` when the draft
    is at another revision, ``VersionStartedError``, and ``ProgrammeInvalidError``: an old document has to fit today's
    checks too.
    """
    check_publication(publication)
    await lock_publishing(session)
    starts_at = publication.starts_at or now
    if publication.instead_of is not None:
        starts_at = await _start_to_take_over(session, publication.instead_of, now=now)
    return await publish_programme(
        session,
        await _document(session, publication, starts_at=starts_at),
        starts_at=starts_at,
        published_by=published_by,
        note=publication.note,
        now=now,
    )


async def _document(session: WriteSession, publication: Publication, *, starts_at: datetime) -> ProgrammeDocument:
    if publication.draft_id is not None:
        draft = await lock_draft(session, publication.draft_id)
        if draft.revision != publication.revision:
            raise StaleError(None, revision=draft.revision)
        return document_of(draft)
    if publication.version is not None:
        row = await read_version(session, publication.version)
    else:
        row = await _version_before(session, starts_at)
    return msgspec.convert(row.document, ProgrammeDocument)


async def _start_to_take_over(session: ReadSession, version: int, *, now: datetime) -> datetime:
    row = await read_version(session, version)
    if row.starts_at <= now:
        raise VersionStartedError(version=version, starts_at=row.starts_at)
    return row.starts_at


async def _version_before(session: ReadSession, starts_at: datetime) -> ProgrammeVersion:
    """What is in force until ``starts_at``."""
    statement = (
        select(ProgrammeVersion)
        .where(col(ProgrammeVersion.starts_at) < starts_at)
        .order_by(col(ProgrammeVersion.starts_at).desc(), col(ProgrammeVersion.version).desc())
        .limit(1)
    )
    row = (await session.exec(statement)).one_or_none()
    if row is None:
        raise PublicationUnclearError("Nothing is in force before it: name the document that is to take its place.")
    return row
