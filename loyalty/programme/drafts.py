"""Drafts: programme documents that are being worked on.

A draft can be read as a programme document and may still have any of the problems that ``validate`` finds. Its
``revision`` grows with every change, so that two editors do not overwrite each other.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from kernel.database import ReadSession, WriteSession
from kernel.errors import ConflictError, NotFoundError
from loyalty.codes import checked_code
from loyalty.models import ProgrammeDraft
from loyalty.programme.decoding import ProgrammeUnreadableError, encode_programme
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.problems import ProgrammeProblem

_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""The escape of U+0000, and not a backslash followed by the letters."""


class DraftNotFoundError(NotFoundError):
    """No such draft."""

    code = "draft_not_found"
    title = "There is no such draft."


class DraftExistsError(ConflictError):
    """The id is taken."""

    code = "draft_exists"
    title = "There is a draft with this id already."


async def create_draft(
    session: WriteSession, *, draft_id: str, document: ProgrammeDocument, by: str, now: datetime
) -> ProgrammeDraft:
    """A new draft at revision 1. Raises ``DraftExistsError``."""
    statement = insert(ProgrammeDraft).values(
        draft_id=checked_code(draft_id, "draft_id"),
        document=_storable(document),
        revision=1,
        updated_at=now,
        updated_by=by,
    )
    made = await session.exec(statement.on_conflict_do_nothing().returning(ProgrammeDraft))
    draft: ProgrammeDraft | None = made.scalar_one_or_none()
    if draft is None:
        raise DraftExistsError(draft_id=draft_id)
    return draft


async def find_draft(session: ReadSession, draft_id: str) -> ProgrammeDraft | None:
    return (await session.exec(select(ProgrammeDraft).where(col(ProgrammeDraft.draft_id) == draft_id))).one_or_none()


async def read_draft(session: ReadSession, draft_id: str) -> ProgrammeDraft:
    """Raises ``DraftNotFoundError``."""
    draft = await find_draft(session, draft_id)
    if draft is None:
        raise DraftNotFoundError(draft_id=draft_id)
    return draft


async def lock_draft(session: WriteSession, draft_id: str) -> ProgrammeDraft:
    """The draft, which nobody else can change until the transaction ends: compare its revision, then act."""
    statement = select(ProgrammeDraft).where(col(ProgrammeDraft.draft_id) == draft_id).with_for_update()
    draft = (await session.exec(statement)).one_or_none()
    if draft is None:
        raise DraftNotFoundError(draft_id=draft_id)
    return draft


async def change_draft(
    session: WriteSession, locked: ProgrammeDraft, document: ProgrammeDocument, *, by: str, now: datetime
) -> ProgrammeDraft:
    """Replace the document of a locked draft."""
    locked.document = _storable(document)
    locked.revision += 1
    locked.updated_at = now
    locked.updated_by = by
    session.add(locked)
    await session.flush()
    return locked


async def delete_draft(session: WriteSession, locked: ProgrammeDraft) -> None:
    """Remove a locked draft. What was published from it stays; its id may be used again."""
    await session.delete(locked)
    await session.flush()


async def list_drafts(session: ReadSession, *, after: str | None, limit: int) -> Sequence[ProgrammeDraft]:
    """``limit`` drafts by id, those behind ``after``."""
    statement = select(ProgrammeDraft).order_by(col(ProgrammeDraft.draft_id)).limit(limit)
    if after is not None:
        statement = statement.where(col(ProgrammeDraft.draft_id) > after)
    return (await session.exec(statement)).all()


def document_of(draft: ProgrammeDraft) -> ProgrammeDocument:
    """The draft's document as it can be validated and published."""
    return msgspec.convert(draft.document, ProgrammeDocument)


def _storable(document: ProgrammeDocument) -> dict[str, Any]:
    """The document as JSON values. The one character that PostgreSQL cannot hold in JSON is refused."""
    values = encode_programme(document)
    if _NUL.search(msgspec.json.encode(values)):
        problem = ProgrammeProblem("$", "unreadable", "a text holds the character U+0000, which cannot be kept")
        raise ProgrammeUnreadableError([problem])
    return values
