"""Everything that is kept about the member, for the member to take away."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from litestar import Response, get
from litestar.enums import MediaType
from msgspec import Struct

from api.actions import ActionView, ProofView, view_action, view_proof
from api.consents import ConsentView, view_consents
from api.dependencies import Member, ServicesOf
from api.documented import refusals
from api.invoice_views import BilledInvoice, view_billed
from api.me.history import HistoryEntryView, view_entry
from api.me.profile import ProfileView, view_profile
from api.me.purchases import PurchaseView, view_purchase
from api.me.referrals import FriendView, ReferralView, view_friend
from api.payouts import PayoutView, view_payout
from api.programmes import published_version
from api.rate_limits import Limit, limited
from api.redemptions import RedemptionView, view_redemption
from api.services import Services
from api.tier_views import TierView, view_tier
from kernel.database import ReadSession, driver
from loyalty.actions.reading import list_actions
from loyalty.invoices.reading import list_invoices, payments_of
from loyalty.ledger.account import Account
from loyalty.ledger.opening import look_at_account
from loyalty.members.consents import read_consents
from loyalty.members.family import family_of
from loyalty.members.history import read_history
from loyalty.members.phones import read_phones
from loyalty.members.profile import read_profile
from loyalty.payouts.finding import list_own_payouts
from loyalty.purchases.reading import read_purchases
from loyalty.referrals.codes import codes_of
from loyalty.referrals.listing import referrals_by, referrals_of
from loyalty.rewards.finding import list_own
from loyalty.tiers.looking import look_at_tier
from notifications.messages import messages_to

if TYPE_CHECKING:
    from asyncpg import Connection, Record

EXPORTS: Final = Limit("exports", 10, 3_600)
_ALL: Final = 2**31


class PhoneView(Struct, frozen=True, kw_only=True):
    """A phone that was signed in."""

    created_at: datetime
    last_used_at: datetime
    ended_at: datetime | None


class MessageView(Struct, frozen=True, kw_only=True):
    """A message of the last day; older ones are not kept."""

    channel: str
    address: str
    created_at: datetime


class ProvenActionView(Struct, frozen=True, kw_only=True):
    """Something that the member did, and what shows it."""

    action: ActionView
    proof: ProofView | None


class OwnPayoutView(Struct, frozen=True, kw_only=True):
    """Money that was asked for, and where it was to go: null once that has been removed."""

    payout: PayoutView
    holder: str | None
    account: str | None


class OwnReferrals(Struct, frozen=True, kw_only=True):
    """What the member has to do with other members. It says nothing of who they are."""

    codes: list[str]
    """Given to friends."""
    friends: list[FriendView]
    brought: list[ReferralView]
    """That somebody brought the member, or one who was merged into them."""


class PersonalData(Struct, frozen=True, kw_only=True):
    """One file. Purchases come without explanations; each has its own at its path."""

    exported_at: datetime
    profile: ProfileView
    consents: list[ConsentView]
    phones: list[PhoneView]
    messages: list[MessageView]
    history: list[HistoryEntryView]
    purchases: list[PurchaseView]
    actions: list[ProvenActionView]
    payouts: list[OwnPayoutView]
    redemptions: list[RedemptionView]
    referrals: OwnReferrals
    invoices: list[BilledInvoice]
    tier: TierView | None
    """With every change of it. Null before any programme was published."""


@get(
    "/v1/me/export",
    operation_id="exportMyData",
    summary="All own data in one file",
    tags=["Member"],
    guards=[limited(EXPORTS)],
    responses=refusals(401, 404, 429),
)
async def export_my_data(caller: Member, services: ServicesOf) -> Response[PersonalData]:
    async with services.database.read() as session:
        data = await collect_personal_data(services, session, caller.member_id, now=services.clock())
    return as_file(data, "my-data.json")


def as_file(data: PersonalData, name: str) -> Response[PersonalData]:
    """An answer that browsers save and nobody keeps."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(data, media_type=MediaType.JSON, headers=headers)


async def collect_personal_data(
    services: Services, session: ReadSession, member_id: int, *, now: datetime
) -> PersonalData:
    """Everything about the surviving member and those who were merged into them. Raises ``MemberNotFoundError``."""
    profile = await read_profile(session, member_id)
    connection = await driver(session)
    family = await family_of(connection, profile.member_id)
    account = await look_at_account(connection, profile.member_id, now=now)
    addresses = [own.known_by.value for own in profile.identities]
    return PersonalData(
        exported_at=now,
        profile=view_profile(profile),
        consents=view_consents(await read_consents(session, family)),
        phones=[
            PhoneView(created_at=phone.created_at, last_used_at=phone.last_used_at, ended_at=phone.ended_at)
            for phone in await read_phones(session, family)
        ],
        messages=[
            MessageView(channel=message.channel, address=message.address, created_at=message.created_at)
            for message in await messages_to(session, family, addresses)
        ],
        history=[
            view_entry(entry) for entry in await read_history(connection, account, family, before=None, limit=_ALL)
        ],
        purchases=[
            view_purchase(purchase, [], profile.language) for purchase in await read_purchases(connection, family)
        ],
        actions=[
            ProvenActionView(action=view_action(one.action), proof=view_proof(one.proof))
            for one in await list_actions(connection, family, before=None, limit=_ALL)
        ],
        payouts=[
            OwnPayoutView(
                payout=view_payout(found, now=now),
                holder=found.payee.holder if found.payee else None,
                account=found.payee.account if found.payee else None,
            )
            for found in await list_own_payouts(session, family, before=None, limit=_ALL)
        ],
        redemptions=[
            view_redemption(
                each, await published_version(services, each.programme_version), language=profile.language, now=now
            )
            for each in await list_own(session, family, before=None, limit=_ALL)
        ],
        referrals=await _referrals(session, family, profile.member_id),
        invoices=await _invoices(session, family, now=now),
        tier=await _tier(services, connection, account, profile.language, now=now),
    )


async def _referrals(session: ReadSession, family: Sequence[int], member_id: int) -> OwnReferrals:
    friends, _ = await referrals_by(session, member_id, below=None, limit=_ALL)
    return OwnReferrals(
        codes=await codes_of(await driver(session), family),
        friends=[view_friend(row) for row in friends],
        brought=[
            ReferralView(state=row.state, qualifies_until=row.qualifies_until)
            for row in await referrals_of(session, family)
        ],
    )


async def _invoices(session: ReadSession, family: Sequence[int], *, now: datetime) -> list[BilledInvoice]:
    invoices = await list_invoices(session, family, before=None, limit=_ALL, now=now)
    payments = await payments_of(session, invoices)
    return [view_billed(each, payments[each.member_id, each.invoice_no], now=now) for each in invoices]


async def _tier(
    services: Services, connection: "Connection[Record]", account: Account, language: str, *, now: datetime
) -> TierView | None:
    if not services.programmes.latest_version:
        return None
    programme = services.programmes.at(now)
    outlook = await look_at_tier(connection, account, programme.tier_plan, limit=_ALL, now=now)
    return view_tier(outlook, programme.document, language)
