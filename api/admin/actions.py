"""The moderation queue: staff look at what shows that an action was done, and decide."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody
from msgspec import Meta, Struct

from api import fields
from api.actions import (
    ActionInPath,
    ActionView,
    ProofView,
    action_key,
    action_position,
    position_text,
    view_action,
    view_proof,
)
from api.callers import StaffCaller
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut
from api.dependencies import ServicesOf, Staff
from api.documented import created, refusals, write_refusals
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body
from api.problems import encode_refusal
from api.security.permissions import Permission, requires_permission
from api.services import Services
from kernel.database import WriteSession, driver
from kernel.errors import DomainError
from loyalty.actions.moderating import Decision, decide_action
from loyalty.actions.outcome import RecordedAction
from loyalty.actions.reading import list_waiting
from loyalty.actions.reversing import reverse_action
from loyalty.audit import record_change
from loyalty.ledger.forwarding import lock_survivors
from loyalty.members.ids import member_public_id

MOST_DECISIONS = 200
_EACH = "One answer for each."


class WaitingAction(Struct, frozen=True, kw_only=True):
    """An action with its proof; null where none was given, and after the person was erased."""

    member_id: str
    action: ActionView
    proof: ProofView | None


class WaitingActions(Struct, frozen=True, kw_only=True):
    """Those that have waited longest first."""

    actions: list[WaitingAction]
    next: str | None


class NewActionDecision(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Accepted or rejected; rejected with a reason."""

    accept: bool
    reason: fields.Reason | None = None


class ActionDecision(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same for one of several."""

    action_id: Annotated[str, Meta(min_length=1, max_length=64, examples=["act_2ka9-4-8c"])]
    accept: bool
    reason: fields.Reason | None = None


class NewActionDecisions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Several decisions; each stands for itself."""

    decisions: Annotated[list[ActionDecision], Meta(min_length=1, max_length=MOST_DECISIONS)]


class DecisionAnswer(Struct, frozen=True, kw_only=True):
    """What one decision was answered: the action or a problem, by ``status``."""

    action_id: str
    status: int
    body: Any


class DecisionAnswers(Struct, frozen=True, kw_only=True):
    """One answer for each decision, in their order."""

    items: list[DecisionAnswer]


class NewReversal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why what was earned is taken back."""

    reason: fields.Reason


class AdminActions(Controller):
    """Actions that wait for a decision, and those that were decided wrongly."""

    path = "/v1/admin"
    tags = ("Staff: actions",)
    guards = (requires_permission(Permission.ACTIONS_MODERATE),)

    @get(
        "/actions",
        operation_id="listWaitingActions",
        summary="Actions that wait for a decision",
        responses=refusals(401, 403),
    )
    async def list_waiting(
        self, services: ServicesOf, cursor: PageCursor = None, limit: PageLimit = DEFAULT_PER_PAGE
    ) -> WaitingActions:
        async with services.database.read() as session:
            found = await list_waiting(await driver(session), after=action_position(cursor), limit=limit + 1)
        page, following = cut(found, limit, position_text)
        return WaitingActions(
            actions=[
                WaitingAction(
                    member_id=member_public_id(one.action.member_id),
                    action=view_action(one.action),
                    proof=view_proof(one.proof),
                )
                for one in page
            ],
            next=following,
        )

    @post(
        "/actions/{action_id:str}/decision",
        operation_id="decideAction",
        summary="Accept or reject an action",
        description=(
            "Accepted, it is paid now by the facts of its own instant. Of a member who was merged since it goes on "
            "under another id."
        ),
        responses=created(ActionView) | write_refusals(401, 403, 404, 422),
    )
    async def decide(
        self,
        action_id: ActionInPath,
        data: JSONBody[NewActionDecision],
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        decision = ActionDecision(action_id=action_id, accept=data.accept, reason=data.reason)

        async def act(session: WriteSession, now: datetime) -> ActionView:
            return await _decide(services, session, caller, decision, now=now)

        return await answer_once(services, caller, idempotency_key, canonical_body("decideAction", decision), act)

    @post(
        "/action-decisions",
        operation_id="decideActions",
        summary="Accept or reject several actions",
        description=(
            f"At most {MOST_DECISIONS}, each answered for itself. Sent again, what was decided is not decided anew."
        ),
        status_code=200,
        responses={200: ResponseSpec(DecisionAnswers, generate_examples=False, description=_EACH)}
        | write_refusals(401, 403, 422),
    )
    async def decide_several(
        self,
        data: JSONBody[NewActionDecisions],
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        async def act(session: WriteSession, now: datetime) -> DecisionAnswers:
            # All members first, in ascending order; each decision then locks its own again.
            keys = [action_key(decision.action_id) for decision in data.decisions]
            await lock_survivors(await driver(session), {key[0] for key in keys if key is not None})
            answers = [await _answer(services, session, caller, decision, now=now) for decision in data.decisions]
            return DecisionAnswers(items=answers)

        body = canonical_body("decideActions", data)
        return await answer_once(services, caller, idempotency_key, body, act, status=200)

    @post(
        "/actions/{action_id:str}/reversal",
        operation_id="reverseAction",
        summary="Take back what an action earned",
        description="Once. The act stays known, so that it is not paid a second time.",
        responses=created(ActionView) | write_refusals(401, 403, 404, 422),
    )
    async def reverse(
        self,
        action_id: ActionInPath,
        data: JSONBody[NewReversal],
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        async def act(session: WriteSession, now: datetime) -> ActionView:
            action = await reverse_action(
                session,
                action_key(action_id),
                reason=data.reason,
                actor=caller.actor,
                programmes=services.programmes,
                now=now,
            )
            return await _on_record(session, caller, "action.reversed", action, data.reason, now=now)

        body = canonical_body("reverseAction", {"action_id": action_id, "reason": data.reason})
        return await answer_once(services, caller, idempotency_key, body, act)


async def _answer(
    services: Services, session: WriteSession, caller: StaffCaller, decision: ActionDecision, *, now: datetime
) -> DecisionAnswer:
    """The answer to one of several, in their transaction: a refusal undoes what there was of it, and no other."""
    try:
        async with session.begin_nested():
            view = await _decide(services, session, caller, decision, now=now)
    except DomainError as error:
        status, body = encode_refusal(error)
    else:
        status, body = 201, msgspec.json.encode(view)
    return DecisionAnswer(action_id=decision.action_id, status=status, body=msgspec.Raw(body))


async def _decide(
    services: Services, session: WriteSession, caller: StaffCaller, decision: ActionDecision, *, now: datetime
) -> ActionView:
    action = await decide_action(
        session,
        action_key(decision.action_id),
        Decision(accept=decision.accept, reason=decision.reason),
        actor=caller.actor,
        programmes=services.programmes,
        now=now,
    )
    done = "action.accepted" if decision.accept else "action.rejected"
    return await _on_record(session, caller, done, action, decision.reason, now=now)


async def _on_record(
    session: WriteSession, caller: StaffCaller, done: str, action: RecordedAction, reason: str | None, *, now: datetime
) -> ActionView:
    view = view_action(action)
    await record_change(
        session,
        actor=caller.actor,
        action=done,
        subject=member_public_id(action.member_id),
        after={"action_id": view.id, "type": action.type, "earned": action.earned},
        reason=reason,
        now=now,
    )
    return view
