"""What the member does besides buying: claimed from the phone, and how it stands."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import JSONBody
from msgspec import Struct

from api.actions import (
    ActionCode,
    ActionInPath,
    ActionView,
    Fields,
    PostId,
    ProofFields,
    ProofView,
    action_key,
    action_position,
    comparable,
    digest_of_post,
    position_text,
    proof_of,
    view_action,
    view_proof,
)
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut
from api.dependencies import Member, ServicesOf
from api.documented import NOT_MODIFIED, created, refusals, write_refusals
from api.etags import conditional
from api.fields import Code
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body
from api.languages import AcceptLanguage, choose_language, in_language
from api.me.purchases import RuleExplanation
from api.rate_limits import Limit, limited
from kernel.database import WriteSession, driver
from loyalty.actions.explaining import explain_action
from loyalty.actions.outcome import ActionSubmission
from loyalty.actions.reading import list_actions, read_action
from loyalty.actions.recording import record_action
from loyalty.members.family import family_of
from loyalty.members.survivors import surviving_member
from loyalty.programme.publishing import snapshot_of

CLAIMS = Limit("actions", 60, 60)


class NewAction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the member did, now. What a type needs is in ``GET /v1/me/action-types``."""

    type: ActionCode
    store_id: Code | None = None
    """Of a visit."""
    fields: Fields = {}
    post_id: PostId | None = None
    """Of a repost: the network's id of the post."""
    proof: ProofFields | None = None


class MyAction(Struct, frozen=True, kw_only=True):
    """One action with what shows it, and each rule of its type."""

    action: ActionView
    proof: ProofView | None
    explanation: list[RuleExplanation]
    """Empty while it waits, and where nothing was evaluated."""


class MyActionPage(Struct, frozen=True, kw_only=True):
    """The last recorded first. ``next`` is the cursor of the page before in time; null at the beginning."""

    actions: list[ActionView]
    next: str | None


class MyActions(Controller):
    """The signed-in member's actions."""

    path = "/v1/me/actions"
    tags = ("Member: actions",)

    @post(
        "",
        operation_id="claimMyAction",
        summary="Tell what one has done",
        description=(
            "The same act is paid once: claimed again it gets the action that it is. One that needs a look waits, and "
            "may be claimed again after it was rejected."
        ),
        guards=[limited(CLAIMS)],
        responses=created(ActionView) | write_refusals(401, 403, 404, 422, 429),
    )
    async def claim(
        self,
        data: JSONBody[NewAction],
        caller: Member,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        async def act(session: WriteSession, now: datetime) -> ActionView:
            submission = ActionSubmission(
                member_id=caller.member_id,
                type=data.type,
                reporter="member",
                source="member",
                actor=caller.actor,
                channel="app",
                store_id=data.store_id,
                fields=data.fields,
                post_digest=digest_of_post(services, data.post_id),
                proof=proof_of(data.proof),
            )
            return view_action(await record_action(session, submission, programmes=services.programmes, now=now))

        body = canonical_body("claimMyAction", comparable(services, data))
        return await answer_once(services, caller, idempotency_key, body, act)

    @get(
        "",
        operation_id="listMyActions",
        summary="Own actions and their states",
        responses=NOT_MODIFIED | refusals(401, 404),
    )
    async def list_mine(
        self,
        request: Request[Any, Any, Any],
        caller: Member,
        services: ServicesOf,
        cursor: PageCursor = None,
        limit: PageLimit = DEFAULT_PER_PAGE,
    ) -> Response[MyActionPage]:
        async with services.database.read() as session:
            connection = await driver(session)
            member = await surviving_member(session, caller.member_id)
            family = await family_of(connection, member.member_id)
            found = await list_actions(connection, family, before=action_position(cursor), limit=limit + 1)
        page, following = cut(found, limit, position_text)
        return conditional(request, MyActionPage(actions=[view_action(one.action) for one in page], next=following))

    @get(
        "/{action_id:str}",
        operation_id="getMyAction",
        summary="One of the own actions, each rule explained",
        responses=NOT_MODIFIED | refusals(401, 404),
    )
    async def read(
        self,
        action_id: ActionInPath,
        request: Request[Any, Any, Any],
        caller: Member,
        services: ServicesOf,
        accept_language: AcceptLanguage = None,
    ) -> Response[MyAction]:
        async with services.database.read() as session:
            connection = await driver(session)
            member = await surviving_member(session, caller.member_id)
            family = await family_of(connection, member.member_id)
            one = await read_action(connection, action_key(action_id), family=family)
            programme = await snapshot_of(session, services.programmes, one.action.programme_version)
        language = choose_language(accept_language, member.language, programme.document)
        rows = explain_action(one.action.evaluation, programme, language=language)
        view = MyAction(
            action=view_action(one.action),
            proof=view_proof(one.proof),
            explanation=[RuleExplanation(**msgspec.structs.asdict(row)) for row in rows],
        )
        return in_language(conditional(request, view), language)
