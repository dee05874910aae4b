"""The moderation queue: staff look at what shows that an action was done, and decide."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, get, post
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
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body, settle_once
from api.pos.posting import Answer, guarded
from api.security.permissions import Permission, requires_permission
from api.services import Services
from kernel.database import WriteSession, driver
from loyalty.actions.moderating import Decision, decide_action
from loyalty.actions.outcome import RecordedAction
from loyalty.actions.reading import list_waiting
from loyalty.actions.reversing import reverse_action
from loyalty.audit import record_change
from loyalty.members.ids import member_public_id

MOST_DECISIONS = 200


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
        return Answered(*await _settle(services, caller, idempotency_key, decision))

    @post(
        "/action-decisions",
        operation_id="decideActions",
        summary="Accept or reject several actions",
        description=(
            f"At most {MOST_DECISIONS}, each answered for itself. Sent again, what was decided is not decided anew."
        ),
        status_code=200,
        responses=write_refusals(401, 403),
    )
    async def decide_several(
        self, data: JSONBody[NewActionDecisions], caller: Staff, services: ServicesOf
    ) -> DecisionAnswers:
        answers = [await guarded(_answer(services, caller, decision)) for decision in data.decisions]
        return DecisionAnswers(
            items=[
                DecisionAnswer(action_id=decision.action_id, status=answer.status, body=msgspec.Raw(answer.body))
                for decision, answer in zip(data.decisions, answers, strict=True)
            ]
        )

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


async def _answer(services: Services, caller: StaffCaller, decision: ActionDecision) -> Answer:
    return Answer(*await _settle(services, caller, None, decision))


async def _settle(
    services: Services, caller: StaffCaller, key: str | None, decision: ActionDecision
) -> tuple[int, bytes]:
    """Status and bytes for one decision, in a transaction of its own."""

    async def act(session: WriteSession, now: datetime) -> ActionView:
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

    return await settle_once(services, caller, key, canonical_body("decideAction", decision), act)


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
