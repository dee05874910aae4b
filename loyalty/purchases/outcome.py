"""What became of a submitted sale. Values, not exceptions: one refusal must not roll back its neighbours."""

from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import TypeAlias

from msgspec import Struct

from kernel.errors import DomainError, NotFoundError
from loyalty.answers import KeyId
from loyalty.purchases.sale import Sale


class Submission(Struct, frozen=True, dict=True):
    """A sale on its way in, with the key it came under and how it came."""

    key: KeyId
    sale: Sale
    body: bytes
    """The sale's canonical bytes."""
    actor: str
    sent_at: datetime | None = None
    quoted_version: int | None = None
    """Programme version of the quote that the till honours."""
    flags: tuple[str, ...] = ()
    prints: bool = False
    """Whether the till wants texts for its receipt."""
    claims_guest: bool = False
    """The receipt came before as a guest's and is now claimed: it is no repeat."""
    survivor_id: int | None = None
    """The member that the sale's member was merged into."""

    @cached_property
    def receipt_key(self) -> str:
        """The sale's natural key."""
        return self.sale.receipt_key

    @property
    def member_id(self) -> int | None:
        """Whose ledger the sale goes to; None for a guest's."""
        return self.sale.member_id if self.survivor_id is None else self.survivor_id


class EarnedLot(Struct, frozen=True):
    """Points of one wallet that become available and expire together."""

    wallet: str
    points: int
    available_from: datetime
    pending: bool
    expires_at: datetime | None
    """None while pending, and when they never expire."""


class RulePoints(Struct, frozen=True):
    """What one rule paid."""

    rule: str
    points: int


class WalletState(Struct, frozen=True):
    """A wallet after the sale."""

    wallet: str
    balance: int
    """May be negative: remaining points less debt."""


class Recorded(Struct, frozen=True):
    """A sale that was posted by this call."""

    member_id: int
    purchase_no: int
    sale: Sale
    occurred_at: datetime
    programme_version: int
    earned: tuple[EarnedLot, ...]
    rules: tuple[RulePoints, ...]
    wallets: tuple[WalletState, ...]
    points_spent: int
    points_spent_minor: int
    shortfall: int
    """Points that the sale spent and the member did not have: the hold had been resolved before."""
    flags: tuple[str, ...]
    language: str
    tier: str | None


class RecordedGuest(Struct, frozen=True):
    """A guest's sale, kept apart until somebody claims it with the code."""

    sale: Sale
    claim_code: str


class Repeated(Struct, frozen=True):
    """A sale that had been answered before: the same bytes again."""

    status: int
    outcome: bytes
    same_key: bool
    """False: the receipt was known under another idempotency key."""


class Later(Enum):
    """The batch could not take the sale: run it alone."""

    POSTPONED = "postponed"


Outcome: TypeAlias = Recorded | RecordedGuest | Repeated | Later | DomainError


class HoldNotFoundError(NotFoundError):
    code = "hold_not_found"
    title = "There is no such hold."
