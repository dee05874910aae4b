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
from api.parameters import as_utc
from api.services import Services
from kernel.database import WriteSession
from kernel.errors import UnprocessableError
from loyalty.actions.outcome import ActionSubmission
from loyalty.actions.recording import record_action
from loyalty.members.finding import MemberLookup, find_member
from loyalty.members.ids import member_id_of

EventId = Annotated[
    str, Meta(min_length=1, max_length=128, pattern="^[A-Za-z0-9][A-Za-z0-9_.:-]*$(?!\\n)", examples=["order-4711"])
]


class EventMember(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At least one; the id before all others."""

    id: fields.MemberId | None = None
    card: fields.Card | None = None
    phone: fields.Phone | None = None
    email: fields.Email | None = None
    external_system: fields.ExternalSystem | None = None
    external_id: fields.ExternalId | None = None


class Event(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that a member did, as another system tells it."""

    source: Annotated[fields.Word, Meta(examples=["webshop"])]
    """The system's own name. It stays the same when the system's key is changed."""
    id: EventId
    """The source's name for the event: told again, it is the same event."""
    type: ActionCode
    member: EventMember
    occurred_at: Annotated[datetime, Meta(tz=True, examples=["2026-03-01T09:00:00Z"])]
    store_id: fields.Code | None = None
    fields: Fields = {}
    post_id: PostId | None = None
    """Of a repost: the network's id of the post."""
    proof: ProofFields | None = None


class EventMemberUnclearError(UnprocessableError):
    """Nothing in ``member`` says who it is."""

    code = "event_member_missing"
    title = "An event names its member."


async def settle_event(services: Services, caller: SystemCaller, key: str, event: Event) -> tuple[int, bytes]:
    """Status and bytes for one event."""
    occurred_at = as_utc(event.occurred_at, "occurred_at")

    async def act(session: WriteSession, now: datetime) -> ActionView:
        submission = ActionSubmission(
            member_id=await _member(services, session, event.member, now=now),
            type=event.type,
            reporter="system",
            source=f"system:{event.source}",
            actor=caller.actor,
            event_id=event.id,
            occurred_at=occurred_at,
            channel="system",
            store_id=event.store_id,
            fields=event.fields,
            post_digest=digest_of_post(services, event.post_id),
            proof=proof_of(event.proof),
        )
        return view_action(await record_action(session, submission, programmes=services.programmes, now=now))

    return await settle_once(services, caller, key, canonical_body("recordEvent", comparable(services, event)), act)


async def _member(services: Services, session: WriteSession, named: EventMember, *, now: datetime) -> int:
    if named.id is not None:
        return member_id_of(named.id)
    if named == EventMember():
        raise EventMemberUnclearError
    lookup = MemberLookup(
        card=named.card,
        phone=named.phone,
        email=named.email,
        external_system=named.external_system,
        external_id=named.external_id,
    )
    found = await find_member(
        session, lookup, lookup_key=services.lookup_key, phone_region=services.settings.phone_region, at=now
    )
    return found.member.member_id
