"""``POST /v1/events``: another system tells what a member did."""

from litestar import post
from litestar.params import JSONBody

from api.actions import ActionView
from api.dependencies import ServicesOf, System
from api.documented import created, write_refusals
from api.events.telling import Event, settle_event
from api.idempotency import Answered, IdempotencyKey
from api.security.scopes import requires_scope
from loyalty.access.scopes import Scope


@post(
    "/v1/events",
    operation_id="recordEvent",
    summary="Tell what a member did",
    description=(
        "An event is known by its source and id, an act by what makes it one: told again, also under another key, it "
        "is answered with the action that it became, and with `action_differs` where it says something else."
    ),
    tags=["Systems"],
    guards=[requires_scope(Scope.EVENTS_WRITE)],
    responses=created(ActionView) | write_refusals(401, 403, 404, 422),
)
async def record_event(
    data: JSONBody[Event], caller: System, services: ServicesOf, idempotency_key: IdempotencyKey
) -> Answered:
    return Answered(*await settle_event(services, caller, idempotency_key, data))
