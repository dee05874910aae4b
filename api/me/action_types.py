"""What the member can do, what it pays, and how often it still counts."""

from typing import Any

from litestar import Request, Response, get
from msgspec import Struct

from api.dependencies import Member, ServicesOf
from api.documented import NOT_MODIFIED, refusals
from api.etags import conditional
from api.languages import AcceptLanguage, choose_language, in_language
from kernel.database import driver
from loyalty.actions.offering import OfferedAction, offered_actions
from loyalty.earning.explained import rule_name
from loyalty.ledger.opening import look_at_account
from loyalty.programme.action_kinds import fields_of
from loyalty.programme.languages import best_language
from loyalty.programme.snapshot import ProgrammeSnapshot


class ActionFieldView(Struct, frozen=True, kw_only=True):
    """A fact that comes with the action."""

    code: str
    type: str
    """``int``, ``code``, ``choice``, ``sku`` or ``bool``; more may come."""
    choices: list[str]
    optional: bool


class ActionStepView(Struct, frozen=True, kw_only=True):
    """A bound of the field's value and the points that it is worth."""

    value: int
    points: int


class ActionRewardView(Struct, frozen=True, kw_only=True):
    """A rule that pays for the action, where its audience, window and condition fit."""

    rule: str
    name: str
    wallet: str
    kind: str
    """``fixed``; ``per_unit`` of a field; ``steps`` that its value reaches; ``places`` that it does not exceed."""
    points: int
    field: str
    per: int
    steps: list[ActionStepView]


class ActionTypeView(Struct, frozen=True, kw_only=True):
    """Something that members can do besides buying."""

    code: str
    name: str
    kind: str
    claimable: bool
    """Whether the app may claim it; everything else is found out without it."""
    moderated: bool
    """Whether staff look at its proof before it is paid."""
    fields: list[ActionFieldView]
    pays: list[ActionRewardView]
    left: dict[str, int]
    """How often it still counts, for each of day, week, month and lifetime that has a limit."""
    cooldown_hours: int


class ActionTypes(Struct, frozen=True, kw_only=True):
    """In the order of the programme."""

    action_types: list[ActionTypeView]


@get(
    "/v1/me/action-types",
    operation_id="listMyActionTypes",
    summary="What can be done, and what it pays",
    tags=["Member: actions"],
    responses=NOT_MODIFIED | refusals(401, 404, 409),
)
async def my_action_types(
    request: Request[Any, Any, Any], caller: Member, services: ServicesOf, accept_language: AcceptLanguage = None
) -> Response[ActionTypes]:
    now = services.clock()
    programme = services.programmes.at(now)
    async with services.database.read() as session:
        connection = await driver(session)
        account = await look_at_account(connection, caller.member_id, now=now)
        offered = await offered_actions(connection, account, programme, now=now)
    language = choose_language(accept_language, account.language, programme.document)
    view = ActionTypes(action_types=[_view(one, programme, language) for one in offered])
    return in_language(conditional(request, view), language)


def _view(one: OfferedAction, programme: ProgrammeSnapshot, language: str) -> ActionTypeView:
    declared = one.declared
    fallback = programme.document.fallback_language
    return ActionTypeView(
        code=declared.code,
        name=declared.names[best_language(language, frozenset(declared.names), fallback)],
        kind=declared.kind,
        claimable="member" in declared.reported_by,
        moderated=declared.proof == "moderated",
        fields=[
            ActionFieldView(code=each.code, type=each.type, choices=list(each.choices), optional=each.optional)
            for each in fields_of(declared)
        ],
        pays=[
            ActionRewardView(
                rule=rule.code,
                name=rule_name(rule.code, programme, language),
                wallet=rule.wallet,
                kind=rule.kind,
                points=rule.points,
                field=rule.field,
                per=rule.per,
                steps=[ActionStepView(value=value, points=points) for value, points in rule.steps],
            )
            for rule in programme.actions[declared.code].rules
        ],
        left=one.left,
        cooldown_hours=declared.cooldown_hours,
    )
