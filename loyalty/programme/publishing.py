"""Publishing a programme as a new immutable version, and reading the versions back."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import func
from sqlmodel import col, select

from kernel.database import ReadSession, WriteSession, driver
from kernel.errors import NotFoundError, UnprocessableError
from loyalty.budgets import spread_budgets
from loyalty.models import ProgrammeVersion
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.problems import ProgrammeProblem, errors_among
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.programme.validation import problems_of
from loyalty.programme.versions import Programmes, PublishedProgrammes
from loyalty.rewards.stock import give_stock

_PUBLISHING_LOCK = "SELECT pg_advisory_xact_lock(hashtext('comeback.programme'))"


class ProgrammeInvalidError(UnprocessableError):
    """The document has errors, all of them listed with their place. Nothing was published."""

    code = "programme_invalid"
    title = "The programme document has problems."

    def __init__(self, problems: list[ProgrammeProblem]) -> None:
        super().__init__(None, problems=msgspec.to_builtins(problems))


class VersionNotFoundError(NotFoundError):
    """Nothing was published under this number."""

    code = "programme_version_not_found"
    title = "There is no such version of the programme."


async def publish_programme(
    session: WriteSession,
    document: ProgrammeDocument,
    *,
    starts_at: datetime,
    published_by: str,
    note: str,
    now: datetime,
) -> ProgrammeSnapshot:
    """Publish ``document`` as the next version, in force from ``starts_at`` (the past counts as now).

    Versions are numbered without gaps by one publisher at a time. Budgets are spread over their slices again, what was
    used staying used, and rewards get their stock. Raises ``ProgrammeInvalidError`` and ``StockBelowTakenError``.
    """
    if errors := errors_among(await problems_of(document)):
        raise ProgrammeInvalidError(errors)
    await lock_publishing(session)
    last = (await session.exec(select(func.max(ProgrammeVersion.version)))).one()
    version = (last or 0) + 1
    builtins: dict[str, Any] = msgspec.to_builtins(document)
    session.add(
        ProgrammeVersion(
            version=version,
            document=builtins,
            digest=hashlib.sha256(msgspec.json.encode(builtins, order="deterministic")).digest(),
            starts_at=max(starts_at, now),
            published_at=now,
            published_by=published_by,
            note=note,
        )
    )
    await session.flush()
    await spread_budgets(session, {r.code: r.budget_points for r in document.rules if r.budget_points is not None})
    await give_stock(session, {reward.code: reward.stock for reward in document.rewards}, now=now)
    return ProgrammeSnapshot(version, document)


async def lock_publishing(session: WriteSession) -> None:
    """Let nobody else publish until the transaction ends."""
    await (await driver(session)).execute(_PUBLISHING_LOCK)


async def read_version(session: ReadSession, version: int) -> ProgrammeVersion:
    """A published version, as it was published. Raises ``VersionNotFoundError``."""
    row = (await session.exec(select(ProgrammeVersion).where(col(ProgrammeVersion.version) == version))).one_or_none()
    if row is None:
        raise VersionNotFoundError(version=version)
    return row


async def list_versions(session: ReadSession, *, below: int | None, limit: int) -> Sequence[ProgrammeVersion]:
    """The latest ``limit`` versions, those whose number is below ``below``."""
    statement = select(ProgrammeVersion).order_by(col(ProgrammeVersion.version).desc()).limit(limit)
    if below is not None:
        statement = statement.where(col(ProgrammeVersion.version) < below)
    return (await session.exec(statement)).all()


async def refresh(session: ReadSession, programmes: PublishedProgrammes) -> bool:
    """Bring this process's versions up to date; answers whether there was anything new."""
    latest = (await session.exec(select(func.max(ProgrammeVersion.version)))).one() or 0
    if latest == programmes.latest_version:
        return False
    rows = (await session.exec(select(ProgrammeVersion).order_by(col(ProgrammeVersion.version)))).all()
    programmes.replace([(row.starts_at, programmes.version(row.version) or _snapshot(row)) for row in rows])
    return True


def _snapshot(row: ProgrammeVersion) -> ProgrammeSnapshot:
    return ProgrammeSnapshot(row.version, msgspec.convert(row.document, ProgrammeDocument))


async def snapshot_of(session: ReadSession, programmes: Programmes, version: int) -> ProgrammeSnapshot:
    """A published version, as ``programmes`` has it or read now.

    Another process may have recorded something with a version that this one has not heard of yet: taking it back
    without that version would leave the member every point, for good. Raises ``VersionNotFoundError``.
    """
    return programmes.version(version) or _snapshot(await read_version(session, version))
