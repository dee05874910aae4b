"""Points set aside for a sale at the till: placed with a proof, captured by the sale, voided by the till."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kernel.database import ReadSession, WriteSession, driver
from kernel.errors import ForbiddenError, NotFoundError
from loyalty.ledger.account import Hold
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.forwarding import surviving_members
from loyalty.ledger.holding import place_hold, release_hold
from loyalty.ledger.loading import load_holds
from loyalty.ledger.opening import open_account
from loyalty.ledger.writing import write_accounts
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.purchases.checking import check_basket
from loyalty.purchases.context import load_context
from loyalty.purchases.outcome import HoldNotFoundError
from loyalty.purchases.sale import Sale
from loyalty.quoting import cannot_spend, decide, spending_wallet
from loyalty.stores import StoreNotFoundError

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_BY_REFERENCE = """
SELECT member_id, hold_no FROM hold WHERE terminal_id = $1 AND reference = $2 ORDER BY created_at DESC LIMIT 1
"""


class ProofNeededError(ForbiddenError):
    """The programme wants proof that the member is present. ``accepted`` lists the kinds."""

    code = "proof_needed"
    title = "Spending needs a proof that the member is here: a rotating QR code, a one-time code or the app."


class SpendingBlockedError(ForbiddenError):
    """The member may not spend now."""

    code = "spending_blocked"
    title = "This member's points cannot be spent now."


@dataclass(frozen=True, slots=True)
class Checkout:
    """Where a hold is asked for: at a terminal of a store, or at one that its hub acts for."""

    store_id: str
    terminal_id: str

    def knows(self, hold: Hold) -> bool:
        """Whether the hold is this store's or was placed in this terminal's name: nobody else's can be used here."""
        return hold.store_id == self.store_id or hold.terminal_id == self.terminal_id


@dataclass(frozen=True, slots=True)
class PlacedHold:
    """A hold and what the member has left."""

    member_id: int
    hold: Hold
    balance: int


async def hold_points(
    session: WriteSession,
    sale: Sale,
    points: int,
    *,
    proof: str,
    reference: str | None,
    actor: str,
    programme: ProgrammeSnapshot,
    now: datetime,
) -> PlacedHold:
    """Set ``points`` aside for the basket of ``sale`` and keep the allocation per line for it.

    ``proof`` is how the member's presence was shown: ``qr``, ``code``, ``app`` or ``none``. Raises what
    ``check_basket`` does, ``ProofNeededError``, ``SpendingBlockedError``, ``SpendRefusedError`` and
    ``InsufficientPointsError``.
    """
    settings = programme.document.spending
    if settings.needs_proof and proof not in settings.proofs:
        raise ProofNeededError(None, accepted=list(settings.proofs))
    if sale.member_id is None:
        raise NotFoundError("A hold needs a member.")
    connection = await driver(session)
    account = await open_account(connection, sale.member_id, now=now)
    if cannot_spend(account):
        raise SpendingBlockedError
    context = await load_context(connection, [sale], [], days={now.date()})
    store = context.stores.get(sale.store_id)
    if store is None:
        raise StoreNotFoundError(store_id=sale.store_id)
    check_basket(sale, store_currency=store.currency)
    _, spend = decide(sale, account, context, programme.document, spend_points=points, now=now)
    hold = place_hold(
        account,
        spending_wallet(programme.document),
        spend.points,
        Act(Cause("hold", account.last_hold_no + 1), actor, now, now),
        expires_at=now + timedelta(seconds=programme.document.till.hold_timeout_seconds),
        store_id=sale.store_id,
        terminal_id=sale.terminal_id,
        reference=reference,
        amount_minor=spend.minor,
        allocation=dict(spend.minor_by_line),
    )
    await write_accounts(connection, [account])
    return PlacedHold(account.member_id, hold, account.wallet(hold.wallet).balance)


async def find_hold(session: ReadSession, *, terminal_id: str, reference: str) -> tuple[int, int] | None:
    """Member and number of the latest hold that the terminal placed under its own ``reference``."""
    row = await (await driver(session)).fetchrow(_BY_REFERENCE, terminal_id, reference)
    return (row["member_id"], row["hold_no"]) if row else None


async def owner_of_hold(
    session: ReadSession, member_id: int, hold_no: int, *, buyer_id: int, checkout: Checkout
) -> int:
    """In whose name a sale to ``buyer_id`` captures the hold that it names.

    That is the hold's own member: the buyer, or somebody whom a merge made the same person. The sale is theirs then and
    follows the forwarding record like any other. Raises ``HoldNotFoundError`` where there is no such hold, and for one
    of another store or of another person.
    """
    connection = await driver(session)
    await _load_known(connection, member_id, hold_no, checkout)
    if member_id != buyer_id:
        survivors = await surviving_members(connection, [member_id, buyer_id])
        if survivors.get(member_id, member_id) != survivors.get(buyer_id, buyer_id):
            raise HoldNotFoundError
    return member_id


async def void_hold(
    session: WriteSession, member_id: int, hold_no: int, *, checkout: Checkout, actor: str, now: datetime
) -> PlacedHold:
    """Give a hold's points back.

    Raises ``HoldNotFoundError``, for a hold of another store too, and ``HoldNotOpenError`` when it is resolved already.
    """
    connection = await driver(session)
    await _load_known(connection, member_id, hold_no, checkout)
    account = await open_account(connection, member_id, now=now)
    hold = account.holds.get(hold_no) if account.member_id == member_id else None
    if hold is None:
        # It was resolved, perhaps while the lock was waited for: what was read before it says too little.
        hold = await _load_known(connection, member_id, hold_no, checkout)
    release_hold(account, hold, "voided", Act(Cause("hold", hold_no), actor, now, now))
    await write_accounts(connection, [account])
    return PlacedHold(account.member_id, hold, account.wallet(hold.wallet).balance)


async def _load_known(connection: "Connection[Record]", member_id: int, hold_no: int, checkout: Checkout) -> Hold:
    """The hold without its lots, in whatever state it is. Raises ``HoldNotFoundError``."""
    hold = (await load_holds(connection, [(member_id, hold_no)])).get((member_id, hold_no))
    if hold is None or not checkout.knows(hold):
        raise HoldNotFoundError
    return hold
