"""The member's own goals."""

from typing import Any

from litestar import Request, Response, get

from api.dependencies import Member, ServicesOf
from api.documented import NOT_MODIFIED, refusals
from api.etags import conditional
from api.goal_views import GoalsView, view_goals
from api.languages import AcceptLanguage, choose_language, in_language
from kernel.database import driver
from loyalty.goals.looking import look_at_goals
from loyalty.ledger.opening import look_at_account


@get(
    "/v1/me/goals",
    operation_id="getMyGoals",
    summary="Goals of the current week, month, quarter or year: what is reached and what is missing",
    description=(
        "Counted now from purchases and what came back of them. What was reached is noted, and paid, within moments; "
        "with `at_end` once the period and its return window are over."
    ),
    tags=["Member: points"],
    responses=NOT_MODIFIED | refusals(401, 404, 409),
)
async def my_goals(
    request: Request[Any, Any, Any], caller: Member, services: ServicesOf, accept_language: AcceptLanguage = None
) -> Response[GoalsView]:
    now = services.clock()
    programme = services.programmes.at(now)
    async with services.database.read() as session:
        account = await look_at_account(await driver(session), caller.member_id, now=now)
        goals = await look_at_goals(session, account, programme.goal_plan, now=now)
    language = choose_language(accept_language, account.language, programme.document)
    return in_language(conditional(request, view_goals(goals, programme.document, language)), language)
