"""Moving in without a shell: files are sent and looked at. ``import_steps.py`` checks, applies and takes back."""

from datetime import datetime
from typing import Annotated, Any, Final

from litestar import Controller, Request, Response, delete, get, post, put
from litestar.params import JSONBody, PathParameter
from msgspec import Meta, Struct

from api import fields
from api.admin.import_views import (
    ImportPage,
    ImportSummary,
    ImportView,
    fault_cells,
    summarise_import,
    view_import,
)
from api.callers import StaffCaller
from api.csv_files import csv_answer
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, number_position
from api.dependencies import ServicesOf, Staff
from api.documented import NOT_MODIFIED, created, refusals, write_refusals
from api.etags import conditional
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body
from api.security.permissions import Permission, requires_permission
from api.uploads import CSV, ImportUpload, read_upload
from kernel.database import WriteSession
from loyalty.audit import record_change
from loyalty.imports.deliveries import (
    MOST_FAULTS,
    drop_file,
    keep_file,
    list_deliveries,
    list_faults,
    lock_delivery,
    open_delivery,
    read_import_delivery,
    require_file_name,
)
from loyalty.imports.steps import reopen

MAX_FILE_BYTES: Final = 64 * 1024 * 1024
GUARDS: Final = [requires_permission(Permission.IMPORTS_WRITE)]
_FAULT_COLUMNS: Final = ("file", "line", "column", "code", "message")
DeliveryInPath = Annotated[int, PathParameter(ge=1, le=2**53 - 1)]
FileInPath = Annotated[
    str,
    PathParameter(
        min_length=1,
        max_length=64,
        pattern="^[A-Za-z0-9][A-Za-z0-9._-]*$(?!\\n)",
        description="`members.csv`, `lots.csv`, ...",
    ),
]


class NewImport(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the files come from."""

    source: fields.ExternalSystem
    """The other system's name: its ids of members are kept under it."""
    zone: fields.Zone
    """Of members whose own is not given."""
    language: Annotated[str, Meta(min_length=2, max_length=16, examples=["en"])] | None = None
    """The same; null: the programme's fallback."""


class AdminImports(Controller):
    """Files of another system on their way in."""

    path = "/v1/admin/imports"
    tags = ("Staff: imports",)

    @get(operation_id="listImports", summary="Imports", guards=GUARDS, responses=refusals(401, 403))
    async def list_page(
        self, services: ServicesOf, cursor: PageCursor = None, limit: PageLimit = DEFAULT_PER_PAGE
    ) -> ImportPage:
        async with services.database.read() as session:
            rows = await list_deliveries(session, below=number_position(cursor), limit=limit + 1)
        page, following = cut(rows, limit, lambda delivery: delivery.delivery_id)
        return ImportPage(imports=[summarise_import(delivery) for delivery in page], next=following)

    @post(
        operation_id="createImport",
        summary="Begin an import",
        description="To be followed by its files, a check, and its application.",
        guards=GUARDS,
        responses=created(ImportSummary) | write_refusals(401, 403, 422),
    )
    async def create(
        self,
        data: JSONBody[NewImport],
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        async def act(session: WriteSession, now: datetime) -> ImportSummary:
            delivery = await open_delivery(
                session,
                source=data.source,
                zone=data.zone,
                language=data.language,
                requested_by=caller.actor,
                now=now,
            )
            await note_import(session, caller, "import.begun", delivery.delivery_id, data, now=now)
            return summarise_import(delivery)

        return await answer_once(services, caller, idempotency_key, canonical_body("createImport", data), act)

    @get(
        "/{delivery_id:int}",
        operation_id="getImport",
        summary="An import: its files, what is wrong with them, and what was done",
        guards=GUARDS,
        responses=NOT_MODIFIED | refusals(401, 403, 404),
    )
    async def read(
        self, delivery_id: DeliveryInPath, request: Request[Any, Any, Any], services: ServicesOf
    ) -> Response[ImportView]:
        async with services.database.read() as session:
            view = await view_import(session, await read_import_delivery(session, delivery_id))
        return conditional(request, view)

    @put(
        "/{delivery_id:int}/files/{name:str}",
        operation_id="putImportFile",
        summary="Send a file of an import",
        description=(
            f"`members.csv`, `lots.csv` and the others of `comeback import`; at most {MAX_FILE_BYTES // 2**20} MiB. "
            "Sent again it takes the earlier one's place. The import has to be checked anew then. Files are removed "
            "once they have been applied, or after a week."
        ),
        operation_class=ImportUpload,
        request_max_body_size=MAX_FILE_BYTES,
        guards=GUARDS,
        responses=write_refusals(401, 403, 404, 415),
    )
    async def put_file(
        self,
        delivery_id: DeliveryInPath,
        name: FileInPath,
        request: Request[Any, Any, Any],
        caller: Staff,
        services: ServicesOf,
    ) -> ImportView:
        async with services.database.read() as session:
            await read_import_delivery(session, delivery_id)  # whoever names none is told so before the file is read
        require_file_name(name)
        content = await read_upload(request, CSV)
        now = services.clock()
        async with services.database.write() as session:
            delivery = await lock_delivery(session, delivery_id)
            await reopen(session, delivery)
            await keep_file(session, delivery_id, name, content, now=now)
            sent = {"file": name, "octets": len(content)}
            await note_import(session, caller, "import.file_sent", delivery_id, sent, now=now)
            view = await view_import(session, delivery)
            await session.commit()
        return view

    @delete(
        "/{delivery_id:int}/files/{name:str}",
        operation_id="deleteImportFile",
        summary="Remove a file of an import that has not been applied",
        guards=GUARDS,
        responses=refusals(401, 403, 404, 409),
    )
    async def delete_file(
        self, delivery_id: DeliveryInPath, name: FileInPath, caller: Staff, services: ServicesOf
    ) -> None:
        now = services.clock()
        async with services.database.write() as session:
            delivery = await lock_delivery(session, delivery_id)
            require_file_name(name)
            await reopen(session, delivery)
            await drop_file(session, delivery_id, name)
            await note_import(session, caller, "import.file_removed", delivery_id, {"file": name}, now=now)
            await session.commit()

    @get(
        "/{delivery_id:int}/problems/csv",
        operation_id="getImportProblemsFile",
        summary="The error file: everything that is wrong, at its line and column",
        description=f"The first {MOST_FAULTS:,} of them.",
        media_type=CSV,
        guards=GUARDS,
        responses=refusals(401, 403, 404),
    )
    async def problems_file(self, delivery_id: DeliveryInPath, services: ServicesOf) -> Response[str]:
        async with services.database.read() as session:
            await read_import_delivery(session, delivery_id)
            faults = await list_faults(session, delivery_id, limit=MOST_FAULTS)
        rows = [fault_cells(fault) for fault in faults]
        return csv_answer(_FAULT_COLUMNS, rows, name=f"import-{delivery_id}-problems.csv")


async def note_import(
    session: WriteSession, caller: StaffCaller, action: str, delivery_id: int, after: object, *, now: datetime
) -> None:
    """Note what was done to a delivery."""
    subject = f"delivery:{delivery_id}"
    await record_change(session, actor=caller.actor, action=action, subject=subject, after=after, now=now)
