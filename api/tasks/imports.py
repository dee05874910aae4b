"""The tasks of imports: checking what was sent, applying it, taking it back. The last two are one transaction each.

Whoever begins one of them again finds it done, or not begun: nothing of an import is ever here alone.
"""

from contextlib import suppress
from typing import Final

import msgspec
from msgspec import Struct

from api.importing import apply_noted, examine, import_terms, read_files, reverse_noted
from api.tasks.working import Report
from kernel.clock import Clock
from kernel.database import Database
from kernel.settings import Settings
from loyalty.imports.checking import Terms
from loyalty.imports.consistency import totals_of
from loyalty.imports.deliveries import contents_of, forget_files, keep_faults, read_import_delivery
from loyalty.imports.problems import ImportProblem, ImportRefusedError
from loyalty.imports.reversing import ImportReversedError
from loyalty.imports.rows import Delivery
from loyalty.imports.steps import TASKS, ended, lock_under_way, require_same_key
from loyalty.tasks.leasing import Taken

CHECK_IMPORT: Final = TASKS["check"]
APPLY_IMPORT: Final = TASKS["apply"]
REVERSE_IMPORT: Final = TASKS["reverse"]


class DeliverySettled(Struct, frozen=True, kw_only=True):
    """What a task came to. ``problems`` are those of the files."""

    delivery_id: int
    state: str
    problems: int = 0
    import_id: int | None = None


async def check_delivery(
    settings: Settings, database: Database, clock: Clock, task: Taken, report: Report
) -> DeliverySettled:
    """Find everything that is wrong with the files, and count what they hold."""
    delivery_id: int = task.parameters["delivery_id"]
    delivery, terms, problems = await _read(settings, database, clock, task, report)
    problems = await examine(database, delivery, terms, problems)
    async with database.write() as session:
        # Where other files came meanwhile, another task checks those.
        if (row := await lock_under_way(session, delivery_id, "check", task.task_id)) is not None:
            row.state, row.totals = ended("check"), totals_of(delivery)
            await keep_faults(session, row, problems)
            await session.commit()
    return await _settled(database, delivery_id)


async def apply_delivery(
    settings: Settings, database: Database, clock: Clock, task: Taken, report: Report
) -> DeliverySettled:
    """Write all of it and forget the files; or, where something is wrong by now, nothing but what is wrong."""
    delivery_id: int = task.parameters["delivery_id"]
    delivery, terms, problems = await _read(settings, database, clock, task, report)
    try:
        if problems:
            raise ImportRefusedError(problems)
        async with database.write() as session:
            if (row := await lock_under_way(session, delivery_id, "apply", task.task_id)) is not None:
                done = await apply_noted(session, delivery, terms, actor=task.requested_by)
                row.state, row.import_id = ended("apply"), done.import_id
                row.outcome = {"applied": msgspec.to_builtins(done.counts)}
                session.add(row)
                await forget_files(session, delivery_id)
                await session.commit()
    except ImportRefusedError as refused:
        async with database.write() as session:
            if (row := await lock_under_way(session, delivery_id, "apply", task.task_id)) is not None:
                row.state = ended("check")
                await keep_faults(session, row, refused.problems)
                await session.commit()
        raise
    return await _settled(database, delivery_id)


async def reverse_delivery(database: Database, clock: Clock, task: Taken, _: Report) -> DeliverySettled:
    """Take back what the import brought, from everybody who has not used it."""
    delivery_id: int = task.parameters["delivery_id"]
    async with database.write() as session:
        row = await lock_under_way(session, delivery_id, "reverse", task.task_id)
        if row is not None and row.import_id is not None:
            row.state = ended("reverse")
            # Somebody with a shell may have taken it back already; nothing has been written then.
            with suppress(ImportReversedError):
                done = await reverse_noted(session, row.import_id, actor=task.requested_by, now=clock())
                row.outcome = {**(row.outcome or {}), "reversed": msgspec.to_builtins(done)}
            session.add(row)
            await session.commit()
    return await _settled(database, delivery_id)


async def _read(
    settings: Settings, database: Database, clock: Clock, task: Taken, report: Report
) -> tuple[Delivery, Terms, list[ImportProblem]]:
    delivery_id: int = task.parameters["delivery_id"]
    async with database.read() as session:
        row = await read_import_delivery(session, delivery_id)
        files = await contents_of(session, delivery_id)
    terms = await import_terms(database, settings, source=row.source, zone=row.zone, language=row.language, now=clock())
    require_same_key(task.parameters, terms.lookup_key)
    delivery, problems = await read_files(settings, files, terms)
    report(0, sum(len(rows) for rows in (delivery.members, delivery.identities, delivery.consents, delivery.lots)))
    return delivery, terms, problems


async def _settled(database: Database, delivery_id: int) -> DeliverySettled:
    async with database.read() as session:
        row = await read_import_delivery(session, delivery_id)
    return DeliverySettled(delivery_id=delivery_id, state=row.state, problems=row.problems, import_id=row.import_id)
