"""Points set aside for a sale at the till: placed with a proof, captured by the sale, voided by the till."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kernel.database import ReadSession, WriteSession, driver
from kernel.errors import ForbiddenError, NotFoundError
from loyalty.ledger.account import Account, Act, Cause, Hold
from loyalty.ledger.holding import place_hold, release_hold
from loyalty.ledger.loading import load_holds
from loyalty.ledger.opening import open_account
from loyalty.ledger.writing import write_accounts
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.purchases.context import load_context
from loyalty.purchases.outcome import HoldNotFoundError
from loyalty.purchases.sale import Sale
from loyalty.quoting import cannot_spend, decide, spending_wallet
from loyalty.stores import StoreNotFoundError

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

    ``proof`` is how the member's presence was shown: ``qr``, ``code``, ``app`` or ``none``. Raises
    ``ProofNeededError``, ``SpendingBlockedError``, ``SpendRefusedError``, ``InsufficientPointsError``.
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
    context = await load_context(connection, [sale], [], days={now.date()}, budgeted_rules=(), lock=False)
    if sale.store_id not in context.stores:
        raise StoreNotFoundError(store_id=sale.store_id)
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


async def void_hold(session: WriteSession, member_id: int, hold_no: int, *, actor: str, now: datetime) -> PlacedHold:
    """Give a hold's points back. Raises ``HoldNotFoundError``, and ``HoldNotOpenError`` when it was resolved before."""
    connection = await driver(session)
    account = await open_account(connection, member_id, now=now)
    hold = await _find(session, account, member_id, hold_no)
    release_hold(account, hold, "voided", Act(Cause("hold", hold_no), actor, now, now))
    await write_accounts(connection, [account])
    return PlacedHold(account.member_id, hold, account.wallet(hold.wallet).balance)


async def _find(session: WriteSession, account: Account, member_id: int, hold_no: int) -> Hold:
    """The open hold with its lots, or whatever is known of a resolved one."""
    if member_id == account.member_id and hold_no in account.holds:
        return account.holds[hold_no]
    found = await load_holds(await driver(session), [(member_id, hold_no)])
    if (member_id, hold_no) not in found:
        raise HoldNotFoundError
    return found[member_id, hold_no]
