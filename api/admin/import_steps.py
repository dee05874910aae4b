"""Checking an import, applying it and taking it back: each is a task of the worker."""

from datetime import datetime
from typing import Final

from litestar import post

from api.admin.import_views import ImportSummary, summarise_import
from api.admin.imports import GUARDS, DeliveryInPath, note_import
from api.callers import StaffCaller
from api.dependencies import ServicesOf, Staff
from api.documented import created, write_refusals
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body
from api.services import Services
from kernel.database import WriteSession
from loyalty.imports.deliveries import lock_delivery
from loyalty.imports.steps import Step, begin_import_step

_NOTED: Final[dict[Step, str]] = {
    "check": "import.check_asked",
    "apply": "import.application_asked",
    "reverse": "import.reversal_asked",
}
_RESPONSES: Final = created(ImportSummary) | write_refusals(401, 403, 404, 422)


@post(
    "/v1/admin/imports/{delivery_id:int}/check",
    operation_id="checkImport",
    summary="Find out what is wrong with the files, and count what they hold",
    description="A task. Nothing of the files is written: this is the dry run.",
    tags=["Staff: imports"],
    guards=GUARDS,
    responses=_RESPONSES,
)
async def check_import(
    delivery_id: DeliveryInPath,
    caller: Staff,
    services: ServicesOf,
    idempotency_key: OptionalIdempotencyKey = None,
) -> Answered:
    return await _begin(services, caller, idempotency_key, delivery_id, "check")


@post(
    "/v1/admin/imports/{delivery_id:int}/application",
    operation_id="applyImport",
    summary="Move in what was checked",
    description=(
        "A task: all of it in one transaction, or, where something is wrong by then, nothing; the import is "
        "`checked` again then, with its problems. What has come before is passed over."
    ),
    tags=["Staff: imports"],
    guards=GUARDS,
    responses=_RESPONSES,
)
async def apply_import(
    delivery_id: DeliveryInPath,
    caller: Staff,
    services: ServicesOf,
    idempotency_key: OptionalIdempotencyKey = None,
) -> Answered:
    return await _begin(services, caller, idempotency_key, delivery_id, "apply")


@post(
    "/v1/admin/imports/{delivery_id:int}/reversal",
    operation_id="reverseImport",
    summary="Take an import back as one",
    description=(
        "A task. Its points leave and the members whom it made are removed; whoever has used any of it keeps all "
        "of it and stands under `outcome.reversed.kept`, with the reason."
    ),
    tags=["Staff: imports"],
    guards=GUARDS,
    responses=_RESPONSES,
)
async def reverse_import(
    delivery_id: DeliveryInPath,
    caller: Staff,
    services: ServicesOf,
    idempotency_key: OptionalIdempotencyKey = None,
) -> Answered:
    return await _begin(services, caller, idempotency_key, delivery_id, "reverse")


async def _begin(
    services: Services, caller: StaffCaller, idempotency_key: str | None, delivery_id: int, step: Step
) -> Answered:
    async def act(session: WriteSession, now: datetime) -> ImportSummary:
        delivery = await lock_delivery(session, delivery_id)
        await begin_import_step(
            session, delivery, step, lookup_key=services.lookup_key, requested_by=caller.actor, now=now
        )
        await note_import(session, caller, _NOTED[step], delivery_id, None, now=now)
        return summarise_import(delivery)

    body = canonical_body(f"{step}Import", {"delivery_id": delivery_id})
    return await answer_once(services, caller, idempotency_key, body, act)
