"""``POST /v1/events/batches``: many events at once, each keyed and answered for itself."""

from typing import Annotated, Any, cast

import msgspec
from litestar import post
from litestar.exceptions import ClientException
from litestar.params import JSONBody, SkipValidation
from msgspec import Meta, Struct

from api.dependencies import ServicesOf, System
from api.documented import refusals
from api.events.telling import Event
from api.events.together import KeyedEvent, settle_events
from api.pos.batches import ItemKey, key_of, read_items, refusal_of
from api.pos.posting import Answer
from api.requests import decode_body
from api.security.scopes import requires_scope
from loyalty.access.scopes import Scope

MAX_ITEMS = 500
MAX_BATCH_BYTES = 4 * 1024 * 1024


class EventItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event as it would have been told alone."""

    key: ItemKey
    """What would have been its ``Idempotency-Key``."""
    event: Event


class EventBatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Events in any order."""

    items: Annotated[list[EventItem], Meta(min_length=1, max_length=MAX_ITEMS)]


class EventAnswer(Struct, frozen=True, kw_only=True):
    """What the item of the same place was answered: an action or a problem, by ``status``."""

    key: str | None
    """Null where none could be read."""
    status: int
    body: Any


class EventAnswers(Struct, frozen=True, kw_only=True):
    """One answer for each item, in their order."""

    items: list[EventAnswer]


@post(
    "/v1/events/batches",
    operation_id="recordEvents",
    summary="Tell what many members did",
    description="At most 500 events, as often as it takes. The batch itself needs no key; one item stops no other.",
    tags=["Systems"],
    status_code=200,
    guards=[requires_scope(Scope.EVENTS_WRITE)],
    request_max_body_size=MAX_BATCH_BYTES,
    responses=refusals(401, 403, 413),
)
async def record_events(
    data: JSONBody[SkipValidation[EventBatch]], caller: System, services: ServicesOf
) -> EventAnswers:
    # ``data`` says what a batch looks like; it is handed over as bytes, so that its items can be read one by one.
    sent = await read_items(cast(bytes, data))
    items = [_read(item) for item in sent]
    readable = [KeyedEvent(item.key, item.event) for item in items if isinstance(item, EventItem)]
    settled = iter(await settle_events(services, caller, readable))
    answers = [next(settled) if isinstance(item, EventItem) else item for item in items]
    return EventAnswers(
        items=[
            EventAnswer(key=key_of(item), status=answer.status, body=msgspec.Raw(answer.body))
            for item, answer in zip(sent, answers, strict=True)
        ]
    )


def _read(sent: msgspec.Raw) -> EventItem | Answer:
    """The item, or why it cannot be read."""
    try:
        item: EventItem = decode_body(sent, EventItem)
    except ClientException as error:
        return refusal_of(error)
    return item
