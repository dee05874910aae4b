"""A member's points in memory: the state that operations change, and the rows they note."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from loyalty.ledger.entries import Act, Cause, Entry, Movement
from loyalty.ledger.lots import Lot
from loyalty.programme.policies import ExpiryPolicy


@dataclass(slots=True)
class Hold:
    """Points set aside for one sale; ``lots`` says how many of which lot."""

    hold_no: int
    wallet: str
    amount: int
    captured: int
    status: str
    expires_at: datetime
    store_id: str
    terminal_id: str
    reference: str | None
    amount_minor: int
    allocation: dict[str, int]
    created_at: datetime
    resolved_at: datetime | None = None
    lots: dict[int, int] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return self.status == "open"


@dataclass(slots=True)
class Wallet:
    """The stored folds of one wallet."""

    wallet: str
    remaining: int = 0
    held: int = 0
    debt: int = 0
    next_due_at: datetime | None = None
    sliding_expires_at: datetime | None = None

    @property
    def balance(self) -> int:
        return self.remaining - self.debt


_EFFECT_ON_LOT = {
    "held": (0, 1),
    "released": (0, -1),
    "captured": (-1, -1),
    "spent": (-1, 0),
    "expired": (-1, 0),
    "clawed": (-1, 0),
    "restored": (1, 0),
    "repaid": (-1, 0),
    "transferred": (-1, 0),
}
"""Movement kind -> sign of its effect on (remaining, held)."""

_OWN_ACCOUNTS = ("member", "debt")


@dataclass(slots=True)
class Account:
    """One member's ledger state.

    ``lots`` and ``holds`` are complete for live ones when ``lots_loaded``; an earn by a member without debt and with
    nothing due needs none, and then they stay unread.
    """

    member_id: int
    zone: str
    status: str
    recorded_at: datetime
    enrolled_at: datetime
    language: str = ""
    tier: str | None = None
    earning_frozen: bool = False
    spending_frozen: bool = False
    merged_into: int | None = None
    last_entry_no: int = 0
    last_lot_no: int = 0
    last_movement_no: int = 0
    last_hold_no: int = 0
    last_purchase_no: int = 0
    last_action_no: int = 0
    wallets: dict[str, Wallet] = field(default_factory=dict)
    lots: dict[int, Lot] = field(default_factory=dict)
    holds: dict[int, Hold] = field(default_factory=dict)
    lots_loaded: bool = False
    entries: list[Entry] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)
    new_lots: set[int] = field(default_factory=set)
    changed_lots: set[int] = field(default_factory=set)
    new_holds: set[int] = field(default_factory=set)
    changed_holds: set[int] = field(default_factory=set)
    changed_wallets: set[str] = field(default_factory=set)
    activated_lots: set[int] = field(default_factory=set)
    """Those that time has made available."""
    numbered: bool = False
    """Whether a purchase or an action was numbered, which no other change may show."""
    moved: bool = False
    """Whether the tier is another."""

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(
            self.entries or self.movements or self.changed_wallets or self.changed_lots or self.numbered or self.moved
        )

    @property
    def needs_lots(self) -> bool:
        """Whether even an earn must know the lots: there is debt to repay from them."""
        return any(wallet.debt for wallet in self.wallets.values())

    def wallet(self, code: str) -> Wallet:
        """The wallet's folds, empty when the member has never had points in it."""
        if code not in self.wallets:
            self.wallets[code] = Wallet(code)
        return self.wallets[code]

    def next_purchase_no(self) -> int:
        self.numbered = True
        self.last_purchase_no += 1
        return self.last_purchase_no

    def next_action_no(self) -> int:
        self.numbered = True
        self.last_action_no += 1
        return self.last_action_no

    def move_to_tier(self, tier: str | None) -> None:
        self.moved = True
        self.tier = tier

    def touch_wallet(self, code: str) -> Wallet:
        """The wallet, noted as changed."""
        self.changed_wallets.add(code)
        return self.wallet(code)

    def enter(self, wallet: str, debit: str, credit: str, amount: int, kind: str, act: Act) -> Entry:
        """Note a journal entry. The member's own accounts are ``member`` and ``debt``; their sum is the balance."""
        assert amount > 0, "the amount of an entry is positive"
        folds = self.touch_wallet(wallet)
        folds.remaining += amount * ((credit == "member") - (debit == "member"))
        folds.debt -= amount * ((credit == "debt") - (debit == "debt"))
        self.last_entry_no += 1
        self.recorded_at = max(self.recorded_at, act.now)
        entry = Entry(
            self.last_entry_no, wallet, debit, credit, amount, kind, act, self.recorded_at, folds.remaining - folds.debt
        )
        self.entries.append(entry)
        return entry

    def move(self, lot: Lot, kind: str, amount: int, act: Act, *, cause: Cause, entry: Entry | None = None) -> None:
        """Note a lot movement and apply it to the lot (the entry has already changed the wallet's folds)."""
        assert amount > 0, "the amount of a movement is positive"
        remaining_sign, held_sign = _EFFECT_ON_LOT[kind]
        lot.remaining += remaining_sign * amount
        lot.held += held_sign * amount
        assert 0 <= lot.held <= lot.remaining <= lot.amount, "a lot stays within its bounds"
        if held_sign:
            self.touch_wallet(lot.wallet).held += held_sign * amount
        self.changed_lots.add(lot.lot_no)
        self.last_movement_no += 1
        self.recorded_at = max(self.recorded_at, act.now)
        self.movements.append(
            Movement(
                self.last_movement_no,
                lot.lot_no,
                kind,
                amount,
                cause,
                entry.entry_no if entry else None,
                act.occurred_at,
                self.recorded_at,
            )
        )

    def open_lot(
        self,
        wallet: str,
        amount: int,
        entry: Entry,
        *,
        available_from: datetime,
        expiry: ExpiryPolicy,
        cause: Cause,
        activated_at: datetime | None = None,
        expires_at: datetime | None = None,
        origin: tuple[int, int] | None = None,
    ) -> Lot:
        """A new lot for an entry that credits the member; pending unless ``activated_at`` is given."""
        self.last_lot_no += 1
        origin_member_id, origin_lot_no = origin or (None, None)
        lot = Lot(
            self.last_lot_no,
            wallet,
            amount,
            amount,
            0,
            available_from,
            activated_at,
            expires_at,
            expiry,
            entry.entry_no,
            cause,
            origin_member_id,
            origin_lot_no,
        )
        self.lots[lot.lot_no] = lot
        self.new_lots.add(lot.lot_no)
        note_due(self.touch_wallet(wallet), available_from if activated_at is None else expires_at)
        return lot

    def lots_of(self, wallet: str) -> Iterator[Lot]:
        return (lot for lot in self.lots.values() if lot.wallet == wallet)


def note_due(wallet: Wallet, instant: datetime | None) -> None:
    """Something becomes due at ``instant``: the wallet must be looked at no later."""
    if instant is not None and (wallet.next_due_at is None or instant < wallet.next_due_at):
        wallet.next_due_at = instant


def available(account: Account, wallet: str, instant: datetime) -> int:
    """Points that can be spent at ``instant``; none while there is debt. What is due must have been applied."""
    if account.wallet(wallet).debt:
        return 0
    return sum(lot.free for lot in account.lots_of(wallet) if lot.spendable_at(instant))
