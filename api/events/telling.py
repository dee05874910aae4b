"""What an event is, and from it to the answer."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from api import fields
from api.actions import (
    ActionCode,
    ActionView,
    Fields,
    PostId,
    ProofFields,
    comparable,
    digest_of_post,
    proof_of,
    view_action,
)
from api.callers import SystemCaller
from api.idempotency import canonical_body, settle_once
from api.named_members import NamedMember, number_of
from api.parameters import as_utc
from api.services import Services
from kernel.database import ReadSession, WriteSession
from loyalty.actions.outcome import ActionSubmission
from loyalty.actions.recording import record_action

EventId = Annotated[
    str, Meta(min_length=1, max_length=128, pattern="^[A-Za-z0-9][A-Za-z0-9_.:-]*$(?!\\n)", examples=["order-4711"])
]


class Event(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that a member did, as another system tells it."""

    source: Annotated[fields.Word, Meta(examples=["webshop"])]
    """The system's own name. It stays the same when the system's key is changed."""
    id: EventId
    """The source's name for the event: told again, it is the same event."""
    type: ActionCode
    member: NamedMember
    occurred_at: Annotated[datetime, Meta(tz=True, examples=["2026-03-01T09:00:00Z"])]
    store_id: fields.Code | None = None
    fields: Fields = {}
    post_id: PostId | None = None
    """Of a repost: the network's id of the post."""
    proof: ProofFields | None = None


async def settle_event(services: Services, caller: SystemCaller, key: str, event: Event) -> tuple[int, bytes]:
    """Status and bytes for one event."""

    async def act(session: WriteSession, now: datetime) -> ActionView:
        submission = await submission_of(services, session, caller, event, now=now)
        return view_action(await record_action(session, submission, programmes=services.programmes, now=now))

    return await settle_once(services, caller, key, canonical_event(services, event), act)


def canonical_event(services: Services, event: Event) -> bytes:
    """What repeats of the request are compared with."""
    return canonical_body("recordEvent", comparable(services, event))


async def submission_of(
    services: Services, session: ReadSession, caller: SystemCaller, event: Event, *, now: datetime
) -> ActionSubmission:
    """The event as something to be recorded. Raises what ``number_of`` raises, and ``ClientException``."""
    return ActionSubmission(
        member_id=await number_of(session, services, event.member, at=now),
        type=event.type,
        reporter="system",
        source=f"system:{event.source}",
        actor=caller.actor,
        event_id=event.id,
        occurred_at=as_utc(event.occurred_at, "occurred_at"),
        channel="system",
        store_id=event.store_id,
        fields=event.fields,
        post_digest=digest_of_post(services, event.post_id),
        proof=proof_of(event.proof),
    )
