"""What the member has, what is on its way, and what is about to go."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Request, Response, get
from msgspec import Struct

from api.dependencies import Member, ServicesOf
from api.documented import NOT_MODIFIED, refusals
from api.etags import conditional
from api.languages import AcceptLanguage, choose_language, in_language
from kernel.database import driver
from loyalty.ledger.account import Account
from loyalty.ledger.opening import look_at_account
from loyalty.ledger.outlook import DatedPoints, WalletOutlook, outlook
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.texts import points_text
from loyalty.programme.wallets import Wallet


class PendingPoints(Struct, frozen=True, kw_only=True):
    """Points that wait, usually until the goods cannot be returned any more."""

    points: int
    available_from: datetime


class ExpiringPoints(Struct, frozen=True, kw_only=True):
    """Available points that go together."""

    points: int
    expires_at: datetime
    """Exclusive."""
    last_day: date
    """The last whole day of the member's zone on which they can be spent."""


class WalletView(Struct, frozen=True, kw_only=True):
    """A wallet. ``balance`` is available, pending and held points less the debt; it may be negative."""

    wallet: str
    names: dict[str, str]
    """The word for its points in the answer's language, by CLDR plural form: ``one``, ``few``, ``many``, ``other``."""
    text: str
    """The balance in words: ``22 points``."""
    exponent: int
    """Where people see the decimal point: 150 with the exponent 2 is 1.50."""
    balance: int
    available: int
    """What can be spent now."""
    held: int
    """Set aside for a sale that is not finished."""
    debt: int
    """What was spent of points that have been taken back since."""
    pending: list[PendingPoints]
    expiring: list[ExpiringPoints]
    """The earliest first. Available points beyond these never expire."""


class BalanceView(Struct, frozen=True, kw_only=True):
    """All wallets of the programme, the one that pays at the till first."""

    language: str
    wallets: list[WalletView]


@get(
    "/v1/me/balance",
    operation_id="getMyBalance",
    summary="Own points: available, pending, held, owed, expiring",
    description="What has become due by now is counted, whether or not it has been written.",
    tags=["Member: points"],
    responses=NOT_MODIFIED | refusals(401, 404, 409),
)
async def my_balance(
    request: Request[Any, Any, Any], caller: Member, services: ServicesOf, accept_language: AcceptLanguage = None
) -> Response[BalanceView]:
    now = services.clock()
    document = services.programmes.at(now).document
    async with services.database.read() as session:
        account = await look_at_account(await driver(session), caller.member_id, now=now)
    language = choose_language(accept_language, account.language, document)
    return in_language(conditional(request, view_balance(account, document, language, now=now)), language)


def view_balance(account: Account, document: ProgrammeDocument, language: str, *, now: datetime) -> BalanceView:
    """The balance of a copy with what is due applied."""
    wallets = sorted(document.wallets, key=lambda wallet: wallet.code != document.primary_wallet)
    return BalanceView(
        language=language,
        wallets=[_view(wallet, outlook(account, wallet.code, now), account, document, language) for wallet in wallets],
    )


def _view(
    wallet: Wallet, outlook: WalletOutlook, account: Account, document: ProgrammeDocument, language: str
) -> WalletView:
    fallback = document.fallback_language
    return WalletView(
        wallet=wallet.code,
        names=wallet.names.get(language) or wallet.names[fallback],
        text=points_text(wallet, outlook.balance, language, fallback),
        exponent=wallet.exponent,
        balance=outlook.balance,
        available=outlook.available,
        held=outlook.held,
        debt=outlook.debt,
        pending=[PendingPoints(points=dated.points, available_from=dated.at) for dated in outlook.pending],
        expiring=[_expiring(dated, account.zone) for dated in outlook.expiring],
    )


def _expiring(dated: DatedPoints, zone: str) -> ExpiringPoints:
    last_instant = dated.at - timedelta(microseconds=1)
    return ExpiringPoints(
        points=dated.points, expires_at=dated.at, last_day=last_instant.astimezone(ZoneInfo(zone)).date()
    )
