"""The kinds of fact the ledger model keeps; every total is a fold over them, nothing is stored twice."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

Shortfall = Literal["debt", "clamp", "write_off"]
Expiry = Callable[[datetime], datetime | None]
MovementKind = Literal[
    "held", "released", "captured", "spent", "expired", "clawed", "restored", "repaid", "transferred"
]
FactKind = Literal["purchase", "earn", "spend", "adjust", "gift", "merge", "erase"]
HoldState = Literal["open", "captured", "voided", "timed_out", "captured_late"]
TAKING: tuple[MovementKind, ...] = ("captured", "spent", "expired", "clawed", "repaid", "transferred")

# Journal codes. Crediting MEMBER adds points to lots; debiting DEBT raises what the member owes.
MEMBER, DEBT = "member", "debt"
ISSUED, REDEEMED, EXPIRED, FORFEITED = "issued", "redeemed", "expired", "forfeited"
ADJUSTED, TRANSFER, WRITTEN_OFF = "adjusted", "transfer", "written_off"


def never(activated_at: datetime) -> None:
    """The expiry rule of points that do not expire."""


def valid_for(valid_days: int) -> Expiry:
    """The expiry rule that counts whole days from the instant of activation."""
    return lambda activated_at: activated_at + timedelta(days=valid_days)


def at_instant(expires_at: datetime) -> Expiry:
    """The expiry rule of a calendar date, whenever the lot is activated."""
    return lambda activated_at: expires_at


@dataclass(frozen=True)
class Settings:
    """By wallet, what becomes of points that cannot be taken. No grace_days: late restores expire at once."""

    shortfall: dict[str, Shortfall]
    grace_days: int | None = None


@dataclass(frozen=True)
class Group:
    """Points earned together: one lot and one entry. No available_from means available at once."""

    wallet: str
    points: int
    available_from: datetime | None = None
    expiry: Expiry = never


@dataclass(frozen=True)
class Refusal:
    """The answer to an operation that changed nothing, with the figures that explain it."""

    code: str
    figures: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Done:
    """An operation's answer: the number of the member, hold or fact it made or changed, and its figures."""

    number: int
    figures: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass
class Member:
    """A holder of lots. `clock` is the last instant at which something happened to the member's points."""

    number: int
    clock: datetime
    merged_into: "Member | None" = None
    erased: bool = False


@dataclass(frozen=True)
class Movement:
    """One change of one lot; `number` orders all movements of the ledger."""

    number: int
    kind: MovementKind
    points: int
    occurred_at: datetime


@dataclass(eq=False)
class Lot:
    """Points of one group; remaining and held are folds of the movements, never stored."""

    number: int
    member: Member
    wallet: str
    amount: int
    available_from: datetime
    expiry: Expiry
    fact: int
    born_after: int
    origin: "Lot | None" = None
    gifted: bool = False
    activated_at: datetime | None = None
    expires_at: datetime | None = None
    movements: list[Movement] = field(default_factory=list)

    def total(self, *kinds: MovementKind) -> int:
        return sum(movement.points for movement in self.movements if movement.kind in kinds)

    @property
    def remaining(self) -> int:
        return self.amount - self.total(*TAKING) + self.total("restored")

    @property
    def held(self) -> int:
        return self.total("held") - self.total("released", "captured")

    @property
    def unheld(self) -> int:
        return self.remaining - self.held

    def activate(self, at: datetime) -> None:
        self.activated_at, self.expires_at = at, self.expiry(at)

    def has_expired(self, at: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= at

    def is_live(self, at: datetime) -> bool:
        return self.activated_at is not None and not self.has_expired(at)


@dataclass(eq=False)
class Part:
    """Where some points were taken from; `points` shrinks when they are put back."""

    kind: Literal["lot", "expired", "debt", "clamp", "write_off"]
    wallet: str
    points: int
    lot: Lot | None = None


@dataclass
class Hold:
    """Concrete lots kept for a sale until `times_out_at` (exclusive)."""

    number: int
    member: Member
    wallet: str
    authorised: int
    times_out_at: datetime
    parts: list[Part]
    state: HoldState = "open"
    captured: int = 0


@dataclass
class Fact:
    """A purchase, action, spend or adjustment: what it earned and spent, and what was put right since."""

    number: int
    member: Member
    kind: FactKind
    earned: dict[str, int] = field(default_factory=dict)
    spent: list[Part] = field(default_factory=list)
    clawed: dict[str, list[Part]] = field(default_factory=dict)
    reversed: bool = False

    @property
    def earn_code(self) -> str:
        return ADJUSTED if self.kind == "adjust" else ISSUED

    @property
    def spend_code(self) -> str:
        return ADJUSTED if self.kind == "adjust" else REDEEMED


def points_by_kind(parts: list[Part]) -> Counter[str]:
    """How many points are still taken, by where they came from."""
    totals = Counter[str]()
    for part in parts:
        totals[part.kind] += part.points
    return totals


def spend_order(lot: Lot) -> tuple[bool, float, int]:
    """Sorts the earliest expiry first, never-expiring lots last, and equal ones by number."""
    return lot.expires_at is None, lot.expires_at.timestamp() if lot.expires_at else 0.0, lot.number


def in_take_back_order(lots: list[Lot]) -> list[Lot]:
    """Pending lots, then the others against the order of spending."""
    latest_first = sorted(lots, key=spend_order, reverse=True)
    return sorted(latest_first, key=lambda lot: lot.activated_at is not None)


@dataclass(frozen=True)
class Row:
    """A journal row. `balance_after` is the wallet's remaining points minus its debt."""

    member: int
    entry_no: int
    wallet: str
    debit: str
    credit: str
    points: int
    balance_after: int
    occurred_at: datetime
    recorded_at: datetime
    fact: int | None
