"""Cases listed and decided."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, select

from kernel.database import ReadSession, WriteSession
from kernel.errors import ConflictError, NotFoundError
from loyalty.models import ReviewCase


class CaseNotFoundError(NotFoundError):
    """No such case."""

    code = "case_not_found"
    title = "There is no such case."


class CaseClosedError(ConflictError):
    """Somebody has decided it: ``decision`` says how."""

    code = "case_closed"
    title = "This case has been decided."


async def list_cases(
    session: ReadSession,
    *,
    state: str | None,
    kind: str | None,
    subject: str | None,
    below: int | None,
    limit: int,
) -> Sequence[ReviewCase]:
    """The latest ``limit`` cases whose number is below ``below``."""
    statement = select(ReviewCase).order_by(col(ReviewCase.case_id).desc()).limit(limit)
    for column, value in ((ReviewCase.state, state), (ReviewCase.kind, kind), (ReviewCase.subject, subject)):
        if value is not None:
            statement = statement.where(col(column) == value)
    if below is not None:
        statement = statement.where(col(ReviewCase.case_id) < below)
    return (await session.exec(statement)).all()


async def read_case(session: ReadSession, case_id: int) -> ReviewCase:
    """Raises ``CaseNotFoundError``."""
    row = await session.get(ReviewCase, case_id)
    if row is None:
        raise CaseNotFoundError
    return row


async def decide_case(
    session: WriteSession, case_id: int, *, frozen: bool, by: str, reason: str, now: datetime
) -> ReviewCase:
    """Close the case. The caller has locked and frozen its member where it is to be ``frozen``.

    Raises ``CaseNotFoundError`` and ``CaseClosedError``.
    """
    statement = select(ReviewCase).where(col(ReviewCase.case_id) == case_id).with_for_update()
    row = (await session.exec(statement.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise CaseNotFoundError
    if row.state != "open":
        raise CaseClosedError(decision=row.decision)
    row.state, row.decision = "closed", "frozen" if frozen else "dismissed"
    row.decided_by, row.decided_at, row.reason = by, now, reason
    session.add(row)
    await session.flush()
    return row
