"""Files that staff send to be moved in, kept until they are applied: they name people."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlmodel import col, delete, func, select

from kernel.database import ReadSession, RowWriter, WriteSession, driver
from kernel.errors import NotFoundError, UnprocessableError
from loyalty.identities import external
from loyalty.imports.problems import ImportProblem
from loyalty.imports.reading import COLUMNS
from loyalty.members.profile import checked_language, checked_zone
from loyalty.models import ImportDelivery, ImportFault, ImportFile

KEPT_FOR: Final = timedelta(days=7)
"""How long a file lies that nobody applies."""
MOST_FAULTS: Final = 10_000
"""That are kept of one delivery; all are counted."""
_FAULTS: Final = RowWriter(
    ImportFault, "delivery_id", "fault_no", "file", "line", "column_name", "fault_code", "message"
)
_SIZES: Final = "SELECT name, length(content), sent_at FROM import_file WHERE delivery_id = $1 ORDER BY name"
_SEND: Final = """
INSERT INTO import_file (delivery_id, name, content, sent_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (delivery_id, name) DO UPDATE SET content = excluded.content, sent_at = excluded.sent_at
"""


class DeliveryNotFoundError(NotFoundError):
    """No such delivery."""

    code = "delivery_not_found"
    title = "There is no such delivery."


class ImportFileNotFoundError(NotFoundError):
    """An import has no file of this name, or none was sent."""

    code = "import_file_not_found"
    title = "There is no such file."


class NothingSentError(UnprocessableError):
    """There is no file to be checked."""

    code = "nothing_sent"
    title = "No file has been sent."


class SentFile(NamedTuple):
    """A file without its content."""

    name: str
    octets: int
    sent_at: datetime


async def open_delivery(
    session: WriteSession, *, source: str, zone: str, language: str | None, requested_by: str, now: datetime
) -> ImportDelivery:
    """A delivery to which files can be sent. Raises what is wrong with source, zone or language."""
    external(source, "any")
    delivery = ImportDelivery(
        source=source,
        zone=checked_zone(zone),
        language=None if language is None else checked_language(language),
        requested_by=requested_by,
        requested_at=now,
        totals={},
    )
    session.add(delivery)
    await session.flush()
    return delivery


async def read_import_delivery(session: ReadSession, delivery_id: int) -> ImportDelivery:
    """Raises ``DeliveryNotFoundError``."""
    found = await session.exec(select(ImportDelivery).where(col(ImportDelivery.delivery_id) == delivery_id))
    if (delivery := found.one_or_none()) is None:
        raise DeliveryNotFoundError(delivery_id=delivery_id)
    return delivery


async def lock_delivery(session: WriteSession, delivery_id: int) -> ImportDelivery:
    """The delivery, which nobody else changes until the transaction ends. Raises ``DeliveryNotFoundError``."""
    statement = select(ImportDelivery).where(col(ImportDelivery.delivery_id) == delivery_id).with_for_update()
    found = await session.exec(statement.execution_options(populate_existing=True))
    if (delivery := found.one_or_none()) is None:
        raise DeliveryNotFoundError(delivery_id=delivery_id)
    return delivery


async def list_deliveries(session: ReadSession, *, below: int | None, limit: int) -> Sequence[ImportDelivery]:
    """The latest first, those whose number is below ``below``."""
    statement = select(ImportDelivery).order_by(col(ImportDelivery.delivery_id).desc()).limit(limit)
    if below is not None:
        statement = statement.where(col(ImportDelivery.delivery_id) < below)
    return (await session.exec(statement)).all()


def require_file_name(name: str) -> None:
    """Raises ``ImportFileNotFoundError`` for what is no file of an import."""
    if name not in COLUMNS:
        raise ImportFileNotFoundError(file=name)


async def keep_file(session: WriteSession, delivery_id: int, name: str, content: bytes, *, now: datetime) -> None:
    """Keep a file of a locked delivery in the place of what was sent under its name."""
    await (await driver(session)).execute(_SEND, delivery_id, name, content, now)


async def drop_file(session: WriteSession, delivery_id: int, name: str) -> None:
    """Raises ``ImportFileNotFoundError``."""
    statement = delete(ImportFile).where(col(ImportFile.delivery_id) == delivery_id, col(ImportFile.name) == name)
    if not (await session.exec(statement)).rowcount:
        raise ImportFileNotFoundError(file=name)


async def sent_files(session: ReadSession, delivery_id: int) -> list[SentFile]:
    """What has been sent and is still here, by name."""
    rows = await (await driver(session)).fetch(_SIZES, delivery_id)
    return [SentFile(*row) for row in rows]


async def contents_of(session: ReadSession, delivery_id: int) -> dict[str, bytes]:
    """The files by name."""
    files = await session.exec(select(ImportFile).where(col(ImportFile.delivery_id) == delivery_id))
    return {file.name: file.content for file in files}


async def forget_files(session: WriteSession, delivery_id: int) -> None:
    """Remove the files, which have been applied."""
    await session.exec(delete(ImportFile).where(col(ImportFile.delivery_id) == delivery_id))


async def forget_old_files(session: WriteSession, *, now: datetime) -> None:
    """Remove the files of deliveries of which nothing was heard for a week: they are open again, and empty.

    No task works for so long.
    """
    old = select(col(ImportFile.delivery_id)).group_by(col(ImportFile.delivery_id))
    stale = old.having(func.max(ImportFile.sent_at) < now - KEPT_FOR)
    deliveries = select(ImportDelivery).where(col(ImportDelivery.delivery_id).in_(stale)).with_for_update()
    for delivery in (await session.exec(deliveries.order_by(col(ImportDelivery.delivery_id)))).all():
        await keep_faults(session, delivery, [])
        await forget_files(session, delivery.delivery_id)
        delivery.state, delivery.totals = "open", {}
        session.add(delivery)
    await session.flush()


async def keep_faults(session: WriteSession, locked: ImportDelivery, problems: Sequence[ImportProblem]) -> None:
    """What is wrong with the files, in the place of what was."""
    await session.exec(delete(ImportFault).where(col(ImportFault.delivery_id) == locked.delivery_id))
    locked.problems = len(problems)
    session.add(locked)
    rows = [
        (locked.delivery_id, number, problem.file, problem.line, problem.column, problem.code, problem.message)
        for number, problem in enumerate(problems[:MOST_FAULTS], start=1)
    ]
    await _FAULTS.write(await driver(session), rows)


async def list_faults(session: ReadSession, delivery_id: int, *, limit: int) -> Sequence[ImportFault]:
    """The first ``limit`` faults."""
    statement = select(ImportFault).where(col(ImportFault.delivery_id) == delivery_id)
    return (await session.exec(statement.order_by(col(ImportFault.fault_no)).limit(limit))).all()
