"""Staff say what a member has done: somebody who was seen, called or wrote instead of tapping."""

from datetime import datetime
from typing import Annotated

from litestar import post
from litestar.params import JSONBody
from msgspec import Meta, Struct

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
from api.dependencies import ServicesOf, Staff
from api.documented import created, write_refusals
from api.fields import Code, Note, Reason
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body
from api.parameters import MemberInPath, as_utc
from api.security.permissions import Permission, requires_permission
from kernel.database import WriteSession
from loyalty.actions.outcome import ActionSubmission
from loyalty.actions.recording import record_action
from loyalty.audit import record_change
from loyalty.members.ids import member_id_of, member_public_id


class ReportedAction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the member did, and why staff say so."""

    type: ActionCode
    """One that the programme lets ``staff`` report."""
    occurred_at: Annotated[datetime, Meta(tz=True, examples=["2026-03-01T09:00:00Z"])] | None = None
    """Null: now."""
    store_id: Code | None = None
    fields: Fields = {}
    post_id: PostId | None = None
    """Of a repost: the network's id of the post."""
    proof: ProofFields | None = None
    reason: Reason
    note: Note = ""


@post(
    "/v1/admin/members/{member_id:str}/actions",
    operation_id="reportMemberAction",
    summary="Report what a member did",
    description=(
        "It counts at once, within the limits of its type and the caps of its rules: staff have looked already. The "
        "same act is paid once, whoever tells of it; who said so, and why, is in the audit log."
    ),
    tags=["Staff: actions"],
    guards=[requires_permission(Permission.ACTIONS_REPORT)],
    responses=created(ActionView) | write_refusals(401, 403, 404, 422),
)
async def report_member_action(
    member_id: MemberInPath,
    data: JSONBody[ReportedAction],
    caller: Staff,
    services: ServicesOf,
    idempotency_key: OptionalIdempotencyKey = None,
) -> Answered:
    member = member_id_of(member_id)
    occurred_at = as_utc(data.occurred_at, "occurred_at")

    async def act(session: WriteSession, now: datetime) -> ActionView:
        submission = ActionSubmission(
            member_id=member,
            type=data.type,
            reporter="staff",
            source="staff",
            actor=caller.actor,
            occurred_at=occurred_at,
            channel="staff",
            store_id=data.store_id,
            fields=data.fields,
            post_digest=digest_of_post(services, data.post_id),
            proof=proof_of(data.proof),
        )
        action = await record_action(session, submission, programmes=services.programmes, now=now)
        view = view_action(action)
        if not action.is_repeat:
            await record_change(
                session,
                actor=caller.actor,
                action="action.reported",
                subject=member_public_id(action.member_id),
                after={"action_id": view.id, "type": action.type, "earned": action.earned, "note": data.note},
                reason=data.reason,
                now=now,
            )
        return view

    body = canonical_body("reportMemberAction", {"member_id": member_id, "action": comparable(services, data)})
    return await answer_once(services, caller, idempotency_key, body, act)
