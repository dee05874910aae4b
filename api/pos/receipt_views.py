"""How a receipt of the past is shown at a till: the sale, its refunds, its points and why; the member masked."""

from datetime import date, datetime
from typing import Any

import msgspec
from msgspec import Struct

from api.me.purchases import PurchaseView, RuleExplanation, explain_purchase
from api.pos.customers import MaskedIdentity
from api.services import Services
from kernel.database import ReadSession, driver
from loyalty.earning.explaining import explain
from loyalty.masks import masked, masked_name
from loyalty.members.ids import MemberNotFoundError, member_public_id
from loyalty.members.profile import read_profile
from loyalty.purchases.reading import read_purchase
from loyalty.purchases.sale import SaleLine
from loyalty.receipt_reading import (
    BookedRefund,
    Slip,
    read_guest_sale,
    read_purchase_slip,
    read_refund,
    read_waiting,
)
from loyalty.receipts import RegisteredReceipt, purchase_id, refund_id
from loyalty.refunds.returned import PurchaseNotFoundError, ReturnedLine, WalletEffect


class MaskedMember(Struct, frozen=True, kw_only=True):
    """Whose receipt it is, as much as a till may see."""

    member_id: str
    status: str
    name: str | None
    """First name and initial."""
    identities: list[MaskedIdentity]


class BookedRefundView(Struct, frozen=True, kw_only=True):
    """A refund. ``purchase_id`` is null for a return without receipt, whose lines are those of a sale."""

    id: str
    purchase_id: str | None
    currency: str
    lines: list[dict[str, Any]]
    """``{"id", "quantity"}`` of what came back."""
    amount_minor: int
    cash_minor: int
    effects: tuple[WalletEffect, ...]
    explanation: list[RuleExplanation]
    """Without a receipt: the rules under which the lines would have earned what was taken."""
    is_void: bool
    reason: str | None


class UnclaimedSale(Struct, frozen=True, kw_only=True):
    """A guest's sale."""

    currency: str
    lines: tuple[SaleLine, ...]
    total_minor: int
    is_void: bool


class WaitingReturn(Struct, frozen=True, kw_only=True):
    """A refund whose sale has not come."""

    receipt_of: str
    lines: tuple[ReturnedLine, ...]


class BookedReceipt(Struct, frozen=True, kw_only=True):
    """A receipt of the past. ``kind``: ``purchase``, ``refund``, ``return``, ``guest``, ``waiting`` or ``void``.

    For a refund ``purchase`` is the sale that it is of. A ``void`` receipt was blocked before its sale came: nothing
    else is known of it.
    """

    kind: str
    receipt_key: str
    store_id: str | None = None
    terminal: str | None = None
    cashier: str | None = None
    business_date: date | None = None
    shift: str | None = None
    occurred_at: datetime | None = None
    recorded_at: datetime | None = None
    member: MaskedMember | None = None
    """Null also when the member has been erased."""
    purchase: PurchaseView | None = None
    refund: BookedRefundView | None = None
    guest: UnclaimedSale | None = None
    waiting: WaitingReturn | None = None


class ReceiptNotFoundError(PurchaseNotFoundError):
    code = "receipt_not_found"
    title = "There is no such receipt."


async def show_registered(
    services: Services, session: ReadSession, receipt_key: str, receipt: RegisteredReceipt, accept_language: str | None
) -> BookedReceipt:
    """The receipt that the registry leads to. Raises ``ReceiptNotFoundError``."""
    connection = await driver(session)
    if receipt.member_id is not None and receipt.number is not None:
        show = show_purchase if receipt.kind == "purchase" else show_refund
        return await show(services, session, (receipt.member_id, receipt.number), accept_language)
    if receipt.kind == "guest" and (guest := await read_guest_sale(connection, receipt_key)) is not None:
        sale = guest.sale
        unclaimed = UnclaimedSale(
            currency=sale.currency, lines=sale.lines, total_minor=sale.total_minor, is_void=guest.is_void
        )
        return BookedReceipt(kind="guest", guest=unclaimed, **_head(guest.slip))
    if receipt.kind == "waiting" and (kept := await read_waiting(connection, receipt_key)) is not None:
        slip, refund = kept
        waiting = WaitingReturn(receipt_of=refund.purchase_key, lines=refund.lines)
        return BookedReceipt(kind="waiting", waiting=waiting, **_head(slip))
    return BookedReceipt(kind=receipt.kind, receipt_key=receipt_key)


async def show_purchase(
    services: Services, session: ReadSession, key: tuple[int, int], accept_language: str | None
) -> BookedReceipt:
    """A sale with its refunds and each rule explained. Raises ``ReceiptNotFoundError``."""
    slip = await read_purchase_slip(await driver(session), *key)
    if slip is None:
        raise ReceiptNotFoundError
    view, member = await _purchase(services, session, key, accept_language)
    return BookedReceipt(kind="purchase", member=member, purchase=view, **_head(slip))


async def show_refund(
    services: Services, session: ReadSession, key: tuple[int, int], accept_language: str | None
) -> BookedReceipt:
    """A refund with the sale that it is of. Raises ``ReceiptNotFoundError``."""
    refund = await read_refund(await driver(session), *key)
    if refund is None:
        raise ReceiptNotFoundError
    if refund.purchase_no is None:
        member, view = await _masked_member(session, refund.member_id), None
    else:
        view, member = await _purchase(services, session, (refund.member_id, refund.purchase_no), accept_language)
    return BookedReceipt(
        kind="return" if view is None else "refund",
        member=member,
        purchase=view,
        refund=_refund(services, refund),
        **_head(refund.slip),
    )


async def _purchase(
    services: Services, session: ReadSession, key: tuple[int, int], accept_language: str | None
) -> tuple[PurchaseView, MaskedMember | None]:
    purchase = await read_purchase(await driver(session), key, family=[key[0]])
    view, _ = await explain_purchase(services, purchase, accept_language, "")
    return view, await _masked_member(session, key[0])


async def _masked_member(session: ReadSession, member_id: int) -> MaskedMember | None:
    try:
        profile = await read_profile(session, member_id)
    except MemberNotFoundError:
        return None
    return MaskedMember(
        member_id=member_public_id(profile.member_id),
        status=profile.status,
        name=masked_name(profile.name),
        identities=[MaskedIdentity(kind=own.known_by.kind, masked=masked(own.known_by)) for own in profile.identities],
    )


def _refund(services: Services, refund: BookedRefund) -> BookedRefundView:
    rows = []
    if refund.evaluation is not None:
        programme = services.programmes.version(refund.evaluation.programme_version)
        rows = explain(refund.evaluation, programme) if programme else []
    return BookedRefundView(
        id=refund_id(refund.member_id, refund.refund_no),
        purchase_id=None if refund.purchase_no is None else purchase_id(refund.member_id, refund.purchase_no),
        currency=refund.currency,
        lines=list(refund.lines),
        amount_minor=refund.amount_minor,
        cash_minor=refund.cash_minor,
        effects=refund.effects,
        explanation=[RuleExplanation(**msgspec.structs.asdict(row)) for row in rows],
        is_void=refund.is_void,
        reason=refund.reason,
    )


def _head(slip: Slip) -> dict[str, Any]:
    return {
        "receipt_key": slip.receipt_key,
        "store_id": slip.store_id,
        "terminal": slip.terminal_id,
        "cashier": slip.cashier_id,
        "business_date": slip.business_date,
        "shift": slip.shift,
        "occurred_at": slip.occurred_at,
        "recorded_at": slip.recorded_at,
    }
