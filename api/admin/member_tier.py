"""A member's tier: how it came, and a tier by hand."""

from datetime import date, datetime
from typing import Annotated, Any, Final

from litestar import Controller, Request, Response, delete, get, put
from litestar.params import JSONBody
from msgspec import Meta, Struct
from msgspec.structs import asdict

from api import fields
from api.callers import StaffCaller
from api.dependencies import ServicesOf, Staff
from api.documented import NOT_MODIFIED, refusals, write_refusals
from api.etags import conditional
from api.languages import AcceptLanguage, choose_language, in_language
from api.parameters import MemberInPath
from api.security.permissions import Permission, requires_permission
from api.tier_views import TierView, view_tier
from kernel.database import WriteSession, driver
from loyalty.audit import record_change
from loyalty.ledger.opening import look_at_account
from loyalty.members.ids import member_id_of, member_public_id
from loyalty.members.survivors import surviving_member
from loyalty.tiers.granting import GrantChange, end_grant, grant_tier
from loyalty.tiers.looking import look_at_tier
from loyalty.tiers.standing import Grant

HISTORY: Final = 100
_STAFFS_FALLBACK = ""
"""Staff read in their own language or in the programme's, never in the member's."""


class NewTierGrant(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At least this tier, whatever is earned, and why."""

    tier: fields.Code
    last_day: Annotated[date, Meta(examples=["2026-12-31"])] | None = None
    """The last day of the member's zone on which it holds. Null: for good, as the member's own floor."""
    reason: fields.Reason
    note: fields.Note = ""


class TierGrantView(Struct, frozen=True, kw_only=True):
    """A tier by hand."""

    tier: str
    until: datetime | None
    """Exclusive; null: for good."""
    reason: str | None
    granted_by: str | None
    granted_at: datetime | None


class MemberTierView(TierView, frozen=True, kw_only=True):
    """A member's tier, and what of it was given by hand."""

    grant: TierGrantView | None


class AdminMemberTier(Controller):
    """How a member stands in the tiers."""

    path = "/v1/admin/members/{member_id:str}/tier"
    tags = ("Staff: points",)

    @get(
        operation_id="getMemberTier",
        summary="Tier: since when, until when, why, and what is missing for the next",
        guards=[requires_permission(Permission.MEMBERS_READ)],
        responses=NOT_MODIFIED | refusals(401, 403, 404, 409),
    )
    async def read(
        self,
        member_id: MemberInPath,
        request: Request[Any, Any, Any],
        services: ServicesOf,
        accept_language: AcceptLanguage = None,
    ) -> Response[MemberTierView]:
        now = services.clock()
        programme = services.programmes.at(now)
        async with services.database.read() as session:
            member = await surviving_member(session, member_id_of(member_id))
            connection = await driver(session)
            account = await look_at_account(connection, member.member_id, now=now)
            outlook = await look_at_tier(connection, account, programme.tier_plan, limit=HISTORY, now=now)
        language = choose_language(accept_language, _STAFFS_FALLBACK, programme.document)
        view = MemberTierView(
            **asdict(view_tier(outlook, programme.document, language)), grant=_view_grant(outlook.grant)
        )
        return in_language(conditional(request, view), language)

    @put(
        "/grant",
        operation_id="grantMemberTier",
        summary="Give a tier by hand",
        description=(
            "The member has at least this tier through the last day, or for good; what is earned counts on meanwhile. "
            "It takes the place of an earlier grant."
        ),
        guards=[requires_permission(Permission.MEMBERS_WRITE)],
        responses=write_refusals(401, 403, 404, 409, 422),
    )
    async def grant(
        self, member_id: MemberInPath, data: JSONBody[NewTierGrant], caller: Staff, services: ServicesOf
    ) -> TierGrantView:
        now = services.clock()
        async with services.database.write() as session:
            change = await grant_tier(
                session,
                (await surviving_member(session, member_id_of(member_id))).member_id,
                tier=data.tier,
                last_day=data.last_day,
                reason=data.reason,
                by=caller.actor,
                plan=services.programmes.at(now).tier_plan,
                now=now,
            )
            await _record(session, caller, change, "member.tier_granted", reason=data.reason, note=data.note, now=now)
            await session.commit()
        granted = _view_grant(change.after)
        assert granted is not None, "it was granted"
        return granted

    @delete(
        "/grant",
        operation_id="endMemberTierGrant",
        summary="End a tier by hand",
        description="From now on the member has what was earned.",
        guards=[requires_permission(Permission.MEMBERS_WRITE)],
        responses=refusals(401, 403, 404, 409),
    )
    async def end(self, member_id: MemberInPath, caller: Staff, services: ServicesOf) -> None:
        now = services.clock()
        async with services.database.write() as session:
            change = await end_grant(
                session,
                (await surviving_member(session, member_id_of(member_id))).member_id,
                plan=services.programmes.at(now).tier_plan,
                now=now,
            )
            await _record(session, caller, change, "member.tier_grant_ended", reason=None, note="", now=now)
            await session.commit()


async def _record(
    session: WriteSession,
    caller: StaffCaller,
    change: GrantChange,
    action: str,
    *,
    reason: str | None,
    note: str,
    now: datetime,
) -> None:
    await record_change(
        session,
        actor=caller.actor,
        action=action,
        subject=member_public_id(change.member_id),
        before={"grant": _view_grant(change.before)},
        after={"grant": _view_grant(change.after), "tier": change.tier, "note": note},
        reason=reason,
        now=now,
    )


def _view_grant(grant: Grant | None) -> TierGrantView | None:
    if grant is None:
        return None
    return TierGrantView(
        tier=grant.tier, until=grant.until, reason=grant.reason, granted_by=grant.by, granted_at=grant.at
    )
