"""The first screen of the app in one request."""

from typing import Any, Final

from litestar import Request, Response, get
from msgspec import Struct
from msgspec.structs import replace

from api.dependencies import Member, ServicesOf
from api.documented import NOT_MODIFIED, refusals
from api.etags import conditional
from api.languages import AcceptLanguage, choose_language, in_language
from api.me.balance import BalanceView, view_balance
from api.me.history import HistoryEntryView, view_entry
from api.me.profile import ProfileView, view_profile
from api.tier_views import TierView, view_tier
from kernel.database import driver
from loyalty.ledger.opening import look_at_account
from loyalty.members.family import family_of
from loyalty.members.history import read_history
from loyalty.members.profile import read_profile
from loyalty.tiers.looking import look_at_tier

_LAST: Final = 5


class HomeView(Struct, frozen=True, kw_only=True):
    """Who, how much, and what happened last."""

    profile: ProfileView
    balance: BalanceView
    tier: TierView
    """Without its history, see ``/v1/me/tier``."""
    history: list[HistoryEntryView]


@get(
    "/v1/me/home",
    operation_id="getMyHome",
    summary="Profile, balance and the last entries",
    tags=["Member: points"],
    responses=NOT_MODIFIED | refusals(401, 404, 409),
)
async def my_home(
    request: Request[Any, Any, Any], caller: Member, services: ServicesOf, accept_language: AcceptLanguage = None
) -> Response[HomeView]:
    now = services.clock()
    programme = services.programmes.at(now)
    document = programme.document
    async with services.database.read() as session:
        profile = await read_profile(session, caller.member_id)
        connection = await driver(session)
        account = await look_at_account(connection, profile.member_id, now=now)
        outlook = await look_at_tier(connection, account, programme.tier_plan, limit=0, now=now)
        family = await family_of(connection, profile.member_id)
        entries = await read_history(connection, account, family, before=None, limit=_LAST)
    language = choose_language(accept_language, account.language, document)
    home = HomeView(
        profile=view_profile(replace(profile, tier=account.tier)),
        balance=view_balance(account, document, language, now=now),
        tier=view_tier(outlook, document, language),
        history=[view_entry(entry) for entry in entries],
    )
    return in_language(conditional(request, home), language)
