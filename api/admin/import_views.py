"""Imports as staff see them."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from api.admin.views import view_of
from kernel.database import ReadSession
from loyalty.imports.deliveries import list_faults, sent_files
from loyalty.models import ImportDelivery, ImportFault

_SHOWN = 20


class ImportSummary(Struct, frozen=True, kw_only=True):
    """Files on their way into the service, and how far they are."""

    delivery_id: int
    source: str
    zone: str
    language: str | None
    state: str
    """``open``, ``checking``, ``checked``, ``applying``, ``applied``, ``reversing``, ``reversed``."""
    requested_by: str
    requested_at: datetime
    task_id: int | None
    """The task that works on it, or did last."""
    import_id: int | None
    """What became of it; null also where all of it had come before."""
    problems: int
    """Of its files, as they were checked last: with any nothing is applied."""


class ImportFileView(Struct, frozen=True, kw_only=True):
    """A file that was sent."""

    name: str
    octets: int
    sent_at: datetime


class ImportProblemView(Struct, frozen=True, kw_only=True):
    """Something that is wrong, at its place. Lines count from 1; 0 is the whole file."""

    file: str
    line: int
    column: str
    code: str
    """Stable: ``identity_taken``, ``lot_expired``, ...; may grow."""
    message: str


class ImportView(ImportSummary, frozen=True, kw_only=True):
    """An import with its files, what they hold, what is wrong with them, and what was done."""

    files: list[ImportFileView]
    """Gone once they have been applied."""
    totals: dict[str, int]
    """What the files hold, by the names that ``totals.csv`` uses."""
    first_problems: list[ImportProblemView]
    """The first of them; all are in the error file."""
    outcome: dict[str, Any] | None
    """``applied``: what was written; ``reversed``: what was taken back, and who kept it."""


class ImportPage(Struct, frozen=True, kw_only=True):
    """The latest first. ``next`` is the cursor of the next page; null on the last."""

    imports: list[ImportSummary]
    next: str | None


def summarise_import(delivery: ImportDelivery) -> ImportSummary:
    return view_of(delivery, ImportSummary)


async def view_import(session: ReadSession, delivery: ImportDelivery) -> ImportView:
    files = await sent_files(session, delivery.delivery_id)
    faults = await list_faults(session, delivery.delivery_id, limit=_SHOWN)
    fields = {name: getattr(delivery, name) for name in (*ImportSummary.__struct_fields__, "totals", "outcome")}
    return ImportView(
        **fields,
        files=[ImportFileView(name=file.name, octets=file.octets, sent_at=file.sent_at) for file in files],
        first_problems=[
            ImportProblemView(
                file=fault.file,
                line=fault.line,
                column=fault.column_name,
                code=fault.fault_code,
                message=fault.message,
            )
            for fault in faults
        ],
    )


def fault_cells(fault: ImportFault) -> tuple[str | int, ...]:
    """A line of the error file."""
    return fault.file, fault.line, fault.column_name, fault.fault_code, fault.message
