"""How a till sees a customer: recognised, masked, and with a token for this sale."""

from datetime import datetime

from msgspec import Struct

from api.callers import TerminalCaller
from api.programmes import tiers_in_force
from api.security.member_tokens import LIFETIME, MemberToken, Proof, issue_member_token
from api.services import Services
from kernel.database import ReadSession
from loyalty.masks import masked, masked_name
from loyalty.members.ids import member_public_id
from loyalty.members.profile import read_profile
from loyalty.tiers.looking import with_current_tier


class MaskedIdentity(Struct, frozen=True, kw_only=True):
    """One of the customer's identities, with all but its ends hidden."""

    kind: str
    masked: str


class Customer(Struct, frozen=True, kw_only=True):
    """A member at a till. No personal data in clear."""

    member_token: str
    """To be handed in with this sale's quote, hold and purchase."""
    expires_in_s: int
    member_id: str
    status: str
    """``active`` or ``blocked``; a blocked member neither earns nor spends."""
    name: str | None
    """First name and initial."""
    language: str
    tier: str | None
    identities: list[MaskedIdentity]
    identified_by: str
    proof: Proof
    """``none`` only earns where the programme asks for a proof of presence."""


async def present_customer(
    session: ReadSession,
    services: Services,
    caller: TerminalCaller,
    member_id: int,
    *,
    terminal_id: str,
    identified_by: str,
    proof: Proof,
    now: datetime,
) -> Customer:
    """The surviving member, for this sale at the terminal: the caller, or one that a hub acts for."""
    profile = await read_profile(session, member_id)
    profile = await with_current_tier(session, profile, tiers_in_force(services), now=now)
    token = MemberToken(
        member_id=profile.member_id,
        terminal_id=terminal_id,
        identified_by=identified_by,
        proof=proof,
        training=caller.training,
    )
    return Customer(
        member_token=issue_member_token(services.signing_keys, token, now=now),
        expires_in_s=int(LIFETIME.total_seconds()),
        member_id=member_public_id(profile.member_id),
        status=profile.status,
        name=masked_name(profile.name),
        language=profile.language,
        tier=profile.tier,
        identities=[MaskedIdentity(kind=own.known_by.kind, masked=masked(own.known_by)) for own in profile.identities],
        identified_by=identified_by,
        proof=proof,
    )
