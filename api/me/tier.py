"""The member's own tier."""

from typing import Any, Final

from litestar import Request, Response, get

from api.dependencies import Member, ServicesOf
from api.documented import NOT_MODIFIED, refusals
from api.etags import conditional
from api.languages import AcceptLanguage, choose_language, in_language
from api.tier_views import TierView, view_tier
from kernel.database import driver
from loyalty.ledger.opening import look_at_account
from loyalty.tiers.looking import look_at_tier

HISTORY: Final = 20


@get(
    "/v1/me/tier",
    operation_id="getMyTier",
    summary="Own tier: since when, until when, what is missing for the next",
    description="What time has done by now is counted, whether or not it has been written.",
    tags=["Member: points"],
    responses=NOT_MODIFIED | refusals(401, 404, 409),
)
async def my_tier(
    request: Request[Any, Any, Any], caller: Member, services: ServicesOf, accept_language: AcceptLanguage = None
) -> Response[TierView]:
    now = services.clock()
    programme = services.programmes.at(now)
    async with services.database.read() as session:
        connection = await driver(session)
        account = await look_at_account(connection, caller.member_id, now=now)
        outlook = await look_at_tier(connection, account, programme.tier_plan, limit=HISTORY, now=now)
    language = choose_language(accept_language, account.language, programme.document)
    return in_language(conditional(request, view_tier(outlook, programme.document, language)), language)
