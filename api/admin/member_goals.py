"""A member's goals, as the member sees them."""

from typing import Any, Final

from litestar import Request, Response, get

from api.dependencies import ServicesOf
from api.documented import NOT_MODIFIED, refusals
from api.etags import conditional
from api.goal_views import GoalsView, view_goals
from api.languages import AcceptLanguage, choose_language, in_language
from api.parameters import MemberInPath
from api.security.permissions import Permission, requires_permission
from kernel.database import driver
from loyalty.goals.looking import look_at_goals
from loyalty.ledger.opening import look_at_account
from loyalty.members.ids import member_id_of
from loyalty.members.survivors import surviving_member

_STAFFS_FALLBACK: Final = ""
"""Staff read in their own language or in the programme's, never in the member's."""


@get(
    "/v1/admin/members/{member_id:str}/goals",
    operation_id="getMemberGoals",
    summary="Goals of the current week, month, quarter or year: what is reached and what is missing",
    tags=["Staff: points"],
    guards=[requires_permission(Permission.MEMBERS_READ)],
    responses=NOT_MODIFIED | refusals(401, 403, 404, 409),
)
async def member_goals(
    member_id: MemberInPath,
    request: Request[Any, Any, Any],
    services: ServicesOf,
    accept_language: AcceptLanguage = None,
) -> Response[GoalsView]:
    now = services.clock()
    programme = services.programmes.at(now)
    async with services.database.read() as session:
        member = await surviving_member(session, member_id_of(member_id))
        account = await look_at_account(await driver(session), member.member_id, now=now)
        goals = await look_at_goals(session, account, programme.goal_plan, now=now)
    language = choose_language(accept_language, _STAFFS_FALLBACK, programme.document)
    return in_language(conditional(request, view_goals(goals, programme.document, language)), language)
