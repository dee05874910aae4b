"""How a recorded sale is answered."""

from datetime import datetime

import msgspec
from msgspec import Struct

from api.pos.printing import receipt_texts
from api.problems import encode_refusal
from kernel.errors import DomainError
from loyalty.members.ids import member_public_id
from loyalty.programme.document import ProgrammeDocument
from loyalty.purchases.outcome import Later, Outcome, Recorded, RecordedGuest, Repeated
from loyalty.purchases.posting import unpaid_flags
from loyalty.purchases.sale import ReceiptRef
from loyalty.receipts import hold_id, purchase_id


class EarnedPoints(Struct, frozen=True, kw_only=True):
    """Points of one wallet that become available and expire together."""

    wallet: str
    points: int
    pending: bool
    available_from: datetime
    expires_at: datetime | None
    """Exclusive; null while pending, and for points that never expire."""


class RuleOutcome(Struct, frozen=True, kw_only=True):
    """What one rule paid."""

    rule: str
    points: int


class WalletBalance(Struct, frozen=True, kw_only=True):
    """A wallet's balance after the sale. Negative when points are owed."""

    wallet: str
    balance: int


class PurchaseReceipt(Struct, frozen=True, kw_only=True):
    """The answer to a recorded sale. ``kind`` is ``purchase`` for a member's and ``guest`` for nobody's."""

    kind: str
    id: str | None
    """Null for a guest's sale: it is found by its receipt, and claimed by its code."""
    member_id: str | None
    receipt: ReceiptRef
    occurred_at: datetime | None
    """The instant that counts; differs from the stated one when the till's clock was wrong."""
    total_minor: int
    points_used: int
    points_value_minor: int
    to_pay_minor: int
    earned: tuple[EarnedPoints, ...]
    rules: tuple[RuleOutcome, ...]
    balances: tuple[WalletBalance, ...]
    programme_version: int | None
    hold_id: str | None
    shortfall_points: int
    """Points that the sale used although its hold was gone and they were not there."""
    flags: tuple[str, ...]
    """What is unusual about the sale and did not stop it. ``points_without_hold`` and ``points_above_hold``: the till
    took points that no hold had set aside; ``points_used`` says what was paid. ``redemption_unknown`` and
    ``redemption_not_open``: a reward was taken off that was nobody's or another member's, or used or given back before.
    ``redemption_elsewhere``: one that is for other stores or channels was taken off, and is used up. More words will
    come."""
    claim_code: str | None
    """To print on a guest's receipt."""
    print: tuple[str, ...]
    """Lines of the receipt in the member's language, when they were asked for."""


_encode = msgspec.json.Encoder().encode


def encode_outcome(outcome: Outcome, document: ProgrammeDocument | None = None) -> tuple[int, bytes]:
    """Status and bytes: 201 for a recorded sale, the first answer again for a repeat, a problem for a refusal.

    With the programme's ``document`` the lines to print are made too.
    """
    if isinstance(outcome, Repeated):
        return outcome.status, outcome.outcome
    if isinstance(outcome, DomainError):
        return encode_refusal(outcome)
    assert not isinstance(outcome, Later)
    return 201, _encode(purchase_receipt(outcome, document))


def purchase_receipt(outcome: Recorded | RecordedGuest, document: ProgrammeDocument | None = None) -> PurchaseReceipt:
    """The receipt of a recorded sale, with the lines to print when the programme's ``document`` is given."""
    return _of_guest(outcome) if isinstance(outcome, RecordedGuest) else _of_member(outcome, document)


def _of_member(recorded: Recorded, document: ProgrammeDocument | None) -> PurchaseReceipt:
    sale = recorded.sale
    return PurchaseReceipt(
        kind="purchase",
        id=purchase_id(recorded.member_id, recorded.purchase_no),
        member_id=member_public_id(recorded.member_id),
        receipt=sale.receipt,
        occurred_at=recorded.occurred_at,
        total_minor=sale.total_minor,
        points_used=recorded.points_spent,
        points_value_minor=recorded.points_spent_minor,
        to_pay_minor=sale.total_minor - recorded.points_spent_minor,
        earned=tuple(
            EarnedPoints(
                wallet=lot.wallet,
                points=lot.points,
                pending=lot.pending,
                available_from=lot.available_from,
                expires_at=lot.expires_at,
            )
            for lot in recorded.earned
        ),
        rules=tuple(RuleOutcome(rule=rule.rule, points=rule.points) for rule in recorded.rules),
        balances=tuple(WalletBalance(wallet=state.wallet, balance=state.balance) for state in recorded.wallets),
        programme_version=recorded.programme_version,
        hold_id=hold_id(sale.member_id, sale.hold_no) if sale.member_id and sale.hold_no else None,
        shortfall_points=recorded.shortfall,
        flags=recorded.flags,
        claim_code=None,
        print=receipt_texts(recorded, document).printed if document else (),
    )


def _of_guest(guest: RecordedGuest) -> PurchaseReceipt:
    sale = guest.sale
    return PurchaseReceipt(
        kind="guest",
        id=None,
        member_id=None,
        receipt=sale.receipt,
        occurred_at=None,
        total_minor=sale.total_minor,
        points_used=0,
        points_value_minor=0,
        to_pay_minor=sale.total_minor,
        earned=(),
        rules=(),
        balances=(),
        programme_version=None,
        hold_id=None,
        shortfall_points=0,
        flags=unpaid_flags(sale, None),
        claim_code=guest.claim_code,
        print=(),
    )
