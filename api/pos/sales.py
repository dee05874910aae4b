"""A sale as tills send it, and its translation into what the domain records."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from msgspec import UNSET, Meta, Struct

from api import fields
from api.callers import TerminalCaller
from api.pos.quote_tokens import read_quote_token
from api.programmes import learn_version
from api.security.member_tokens import MemberToken, MemberTokenRefusedError, Proof, read_member_token
from api.services import Services
from kernel.database import ReadSession
from kernel.errors import UnprocessableError
from loyalty.answers import KeyId
from loyalty.holds import Checkout, owner_of_hold
from loyalty.members.finding import MemberLookup, find_member
from loyalty.members.ids import member_id_of
from loyalty.purchases.checking import check_instants
from loyalty.purchases.outcome import HoldNotFoundError, Submission
from loyalty.purchases.sale import (
    MAX_LINES,
    Code,
    Instant,
    Minor,
    ReceiptRef,
    Sale,
    SaleLine,
    SaleTender,
    SignedMinor,
    canonical,
    receipt_key,
)
from loyalty.purchases.timing import clock_skew
from loyalty.receipts import member_and_number
from loyalty.rewards.codes import RedemptionNotFoundError, code_of
from loyalty.terminals import Place

MAX_REDEMPTIONS = 10


class MemberRef(MemberLookup, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose sale it is: the token of a lookup, a member id, or what an offline till stored. Without any: a guest's.

    Only a token can spend; everything else earns.
    """

    token: Annotated[str, Meta(max_length=2_048)] | None = None
    id: Annotated[str, Meta(max_length=64)] | None = None


class PurchaseRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A completed sale. ``sent_at``, ``offline``, ``attempt``, ``quote`` and ``print`` never make it another sale."""

    receipt: ReceiptRef
    occurred_at: Instant
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)", examples=["EUR"])]
    lines: Annotated[tuple[SaleLine, ...], Meta(min_length=1, max_length=MAX_LINES)]
    total_minor: Minor
    """Lines less discounts plus rounding, before points."""
    member: MemberRef | None = None
    discount_minor: Minor = 0
    """On the whole order; discounts of lines stand on the lines."""
    rounding_minor: SignedMinor = 0
    tenders: Annotated[tuple[SaleTender, ...], Meta(max_length=50)] = ()
    hold_id: Annotated[str, Meta(max_length=64)] | None = None
    points_used: Annotated[int, Meta(ge=0, le=2**53 - 1)] | None = None
    """Points to take of the hold. Null takes all of it, and no more than the basket costs. What the hold does not cover
    is not taken, and the answer's ``flags`` say so."""
    redemptions: Annotated[tuple[fields.RedemptionCode, ...], Meta(max_length=MAX_REDEMPTIONS)] = ()
    """Codes of issued rewards that the till has taken off: their discounts stand on the lines, as the quote said. They
    are used with the sale; one that is of no use stops nothing, and the answer's ``flags`` say so."""
    quote: Annotated[str, Meta(max_length=2_048)] | None = None
    """The quote's token: its programme version is honoured while the quote is valid."""
    cashier: Code | None = None
    terminal: Code | None = None
    """For a hub: the terminal that sold. Its own store counts."""
    channel: Code | None = None
    """Defaults to the terminal's kind: ``till`` or ``web``."""
    sent_at: Instant | None = None
    """The till's clock when it sends: the difference to ours corrects ``occurred_at``, unless the sale would have been
    sent before it happened or more than a year after. Then the clock was set in between, and a flag says so."""
    offline: bool = False
    print: bool = False
    """Ask for the localised lines of the receipt."""
    attempt: Annotated[int, Meta(ge=1, le=10_000)] = 1


class TerminalForeignError(UnprocessableError):
    code = "terminal_foreign"
    title = "This hub does not act for that terminal."


def acting_place(caller: TerminalCaller, named: str | None) -> Place:
    """Where a request is about: at the caller's own terminal, or at one that a hub names, in that terminal's store.

    Whoever sends a sale, it is the same sale then. Raises ``TerminalForeignError``.
    """
    if named is None or named == caller.terminal_id:
        return caller.place
    if named not in caller.acts_for:
        raise TerminalForeignError(None, terminal=named)
    return caller.acts_for[named]


def receipt_key_at(
    caller: TerminalCaller, acting: Place, *, store: str | None, terminal: str | None, receipt: ReceiptRef
) -> str:
    """The key of a receipt from any store. Terminal and store default to the ``acting`` place.

    The store of the caller's own terminal, and of one that it acts for, is known.
    """
    terminal = terminal or acting.terminal_id
    known = caller.place if terminal == caller.terminal_id else caller.acts_for.get(terminal, acting)
    return receipt_key(store or known.store_id, terminal, receipt)


async def to_submission(services: Services, caller: TerminalCaller, key: str, request: PurchaseRequest) -> Submission:
    """The sale as the domain records it. Raises a ``DomainError`` where a reference leads nowhere."""
    at = shown_at(request, now=services.clock())
    member_id, _ = await resolve_reference(services, caller, request.member, at=at)
    if request.hold_id is not None:
        async with services.database.read() as session:
            member_id = await hold_owner(session, caller, request, buyer_id=member_id)
    submission = submission_of(services, caller, key, request, member_id=member_id)
    await learn_version(services, submission.quoted_version)
    return submission


def shown_at(request: PurchaseRequest, *, now: datetime) -> datetime:
    """When the member's code was shown, by our clock: a till's own may be off by more than a code lives.

    Raises ``InstantImpossibleError``.
    """
    check_instants(occurred_at=request.occurred_at, sent_at=request.sent_at)
    skew = clock_skew(stated_at=request.occurred_at, sent_at=request.sent_at, now=now)
    return request.occurred_at + (skew or timedelta())


def submission_of(
    services: Services, caller: TerminalCaller, key: str, request: PurchaseRequest, *, member_id: int | None
) -> Submission:
    """The same for a sale whose member is known; with a hold, by ``hold_owner``. The caller has the quoted version
    known."""
    acting = acting_place(caller, request.terminal)
    hold = None if request.hold_id is None else member_and_number("hld", request.hold_id)
    sale = Sale(
        store_id=acting.store_id,
        terminal_id=acting.terminal_id,
        cashier_id=request.cashier or caller.cashier_id,
        channel=request.channel or acting.kind,
        member_id=member_id,
        receipt=request.receipt,
        stated_at=request.occurred_at,
        currency=request.currency,
        lines=request.lines,
        discount_minor=request.discount_minor,
        rounding_minor=request.rounding_minor,
        tenders=request.tenders,
        total_minor=request.total_minor,
        hold_no=hold[1] if hold else None,
        points_used=request.points_used,
        redemptions=kept_codes(request.redemptions) or UNSET,
    )
    return Submission(
        key=KeyId(caller.client, key),
        sale=sale,
        body=canonical(sale),
        actor=caller.actor,
        sent_at=request.sent_at,
        quoted_version=read_quote_token(services.signing_keys, request.quote, now=services.clock()),
        flags=("offline",) if request.offline else (),
        prints=request.print,
    )


def kept_codes(shown: Sequence[str]) -> tuple[str, ...]:
    """Codes of rewards in the form in which they are kept, each once; what is none stays what was typed."""
    kept = []
    for text in shown:
        try:
            kept.append(code_of(text))
        except RedemptionNotFoundError:
            kept.append(text)
    return tuple(dict.fromkeys(kept))


async def resolve_reference(
    services: Services, caller: TerminalCaller, member: MemberRef | None, *, at: datetime
) -> tuple[int | None, Proof]:
    """The member that the reference leads to, None for a guest, and how they proved to be there.

    ``at`` is when a rotating code was shown: a till that was offline stored it with the sale. Then it tells who
    bought and proves nothing; only a token can. Raises 404s and ``MemberTokenRefusedError``.
    """
    if member is None:
        return None, "none"
    if (named := named_member(services, caller, member, at=at)) is not None:
        return named
    async with services.database.read() as session:
        return await look_up(services, session, member, at=at), "none"


async def hold_owner(
    session: ReadSession, caller: TerminalCaller, request: PurchaseRequest, *, buyer_id: int | None
) -> int:
    """The member whose hold the request names: the buyer, or one who was merged with them. Raises 404s."""
    named = member_and_number("hld", request.hold_id or "")
    if named is None or buyer_id is None:
        raise HoldNotFoundError
    acting = acting_place(caller, request.terminal)
    checkout = Checkout(acting.store_id, acting.terminal_id)
    return await owner_of_hold(session, *named, buyer_id=buyer_id, checkout=checkout)


def named_member(
    services: Services, caller: TerminalCaller, member: MemberRef, *, at: datetime
) -> tuple[int, Proof] | None:
    """The member of a token or an id, which says so itself; None for what has to be looked up.

    A token counts that was good at ``at``: a sale that is sent late was made with the token of its day.
    """
    if member.token is not None:
        token = _read_token(services, caller, member.token, at=at)
        return token.member_id, token.proof
    return None if member.id is None else (member_id_of(member.id), "none")


async def look_up(services: Services, session: ReadSession, member: MemberRef, *, at: datetime) -> int:
    """The member that a code, card, phone, e-mail or external id leads to. Raises 404s."""
    found = await find_member(
        session, member, lookup_key=services.lookup_key, phone_region=services.settings.phone_region, at=at
    )
    return found.member.member_id


def _read_token(services: Services, caller: TerminalCaller, text: str, *, at: datetime) -> MemberToken:
    now = services.clock()
    try:
        return read_member_token(services.signing_keys, text, caller=caller, now=now)
    except MemberTokenRefusedError:
        if at >= now:
            raise
    return read_member_token(services.signing_keys, text, caller=caller, now=at)
