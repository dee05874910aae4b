"""The invariants of the model: `invariants(ledger)` answers one sentence for each that does not hold."""

from collections.abc import Callable, Iterator
from itertools import pairwise

from tests.oracle.ledger_facts import (
    DEBT,
    MEMBER,
    TAKING,
    TRANSFER,
    Lot,
    Movement,
    points_by_kind,
    spend_order,
)
from tests.oracle.ledger_model import Ledger

Violations = Iterator[str]


def journal_folds_to_stored_totals(ledger: Ledger) -> Violations:
    """I1: entries without gaps, a chain of balances, and both sides of the books telling the same totals."""
    for member in ledger.members:
        own = [row for row in ledger.journal if row.member == member.number]
        if [row.entry_no for row in own] != list(range(1, len(own) + 1)):
            yield f"I1 member {member.number}: entry numbers have gaps"
        if any(later.recorded_at < earlier.recorded_at for earlier, later in pairwise(own)):
            yield f"I1 member {member.number}: recorded_at goes back"
        for wallet in ledger.settings.shortfall:
            rows = [row for row in own if row.wallet == wallet]
            in_lots = sum(row.points * ((row.credit == MEMBER) - (row.debit == MEMBER)) for row in rows)
            owed = sum(row.points * ((row.debit == DEBT) - (row.credit == DEBT)) for row in rows)
            remaining = sum(lot.remaining for lot in ledger.lots if lot.member is member and lot.wallet == wallet)
            outstanding = 0 if member.merged_into else ledger.debt(member, wallet)
            if (in_lots, owed) != (remaining, outstanding):
                books, stored = f"{in_lots} - {owed}", f"{remaining} - {outstanding}"
                yield f"I1 member {member.number} {wallet}: the journal says {books}, the lots {stored}"
            balance = 0
            for row in rows:
                balance += row.points * ((row.credit in (MEMBER, DEBT)) - (row.debit in (MEMBER, DEBT)))
                if row.points <= 0 or row.debit == row.credit or row.balance_after != balance:
                    yield f"I1 member {member.number}: entry {row.entry_no} breaks the chain"
    moved = sum(row.points * ((row.credit == TRANSFER) - (row.debit == TRANSFER)) for row in ledger.journal)
    if moved:
        yield f"I1 transfers do not meet: {moved}"


def lots_stay_within_bounds(ledger: Ledger) -> Violations:
    """I2: 0 <= held <= remaining <= amount after every movement of every lot."""
    for lot in ledger.lots:
        past = Lot(lot.number, lot.member, lot.wallet, lot.amount, lot.available_from, lot.expiry, lot.fact, 0)
        for movement in lot.movements:
            past.movements.append(movement)
            if movement.points <= 0 or not 0 <= past.held <= past.remaining <= past.amount:
                yield f"I2 lot {lot.number}: {past.held} held of {past.remaining} after {movement}"


def a_debtor_has_no_free_points(ledger: Ledger) -> Violations:
    """I3: while a wallet has debt, all its remaining points are held."""
    for member in ledger.members:
        for wallet in ledger.settings.shortfall:
            debt = ledger.debt(member, wallet)
            unheld = sum(lot.unheld for lot in ledger.lots_of(member, wallet))
            if debt < 0 or (debt and unheld):
                yield f"I3 member {member.number} {wallet}: {debt} owed and {unheld} unheld"


def spends_follow_the_order_of_expiry(ledger: Ledger) -> Violations:
    """I4 and I5: spends and holds take live lots only, and never pass a free point that expires sooner."""
    for lot in ledger.lots:
        for movement in lot.movements:
            if movement.kind not in ("spent", "held"):
                continue
            if not _was_live(lot, movement):
                yield f"I4 lot {lot.number}: {movement.kind} outside its life at {movement.occurred_at}"
            for other in ledger.lots:
                sooner = other.member is lot.member and other.wallet == lot.wallet
                sooner = sooner and spend_order(other) < spend_order(lot) and _was_live(other, movement)
                if sooner and _unheld_before(other, movement):
                    yield f"I5 lot {lot.number}: {movement.kind} before lot {other.number}"


def _was_live(lot: Lot, movement: Movement) -> bool:
    activated = lot.activated_at is not None and lot.activated_at <= movement.occurred_at
    return activated and lot.born_after < movement.number and lot.is_live(movement.occurred_at)


def _unheld_before(lot: Lot, movement: Movement) -> int:
    earlier = [other for other in lot.movements if other.number < movement.number]
    signs = dict.fromkeys(TAKING, -1) | {"captured": 0, "restored": 1, "held": -1, "released": 1}
    return lot.amount + sum(signs[other.kind] * other.points for other in earlier)


def holds_resolve_once(ledger: Ledger) -> Violations:
    """I7: what is held belongs to open holds, and no hold captured more than it was authorised for."""
    for lot in ledger.lots:
        kept = sum(part.points for hold in ledger.holds for part in hold.parts if part.lot is lot)
        if kept != lot.held:
            yield f"I7 lot {lot.number}: {lot.held} held, {kept} by open holds"
    for hold in ledger.holds:
        in_parts = sum(part.points for part in hold.parts)
        if in_parts != (hold.authorised if hold.state == "open" else 0) or hold.captured > hold.authorised:
            yield f"I7 hold {hold.number}: {hold.state} with {in_parts} kept and {hold.captured} captured"


def no_cause_gives_back_more_than_it_took(ledger: Ledger) -> Violations:
    """I8: per purchase, clawed <= earned and restored <= spent, in the journal as in the fact's own parts."""
    for fact in ledger.facts:
        for wallet in ledger.settings.shortfall:
            rows = [row for row in ledger.journal if row.fact == fact.number and row.wallet == wallet]
            spent = sum(part.points for part in fact.spent if part.wallet == wallet)
            stays = fact.earned.get(wallet, 0) - points_by_kind(fact.clawed.get(wallet, [])).total()
            codes = {fact.earn_code, fact.spend_code}
            net = sum(row.points * ((row.debit in codes) - (row.credit in codes)) for row in rows)
            if stays < 0 or spent < 0 or net != stays - spent:
                yield f"I8 fact {fact.number} {wallet}: {stays} stays, {spent} spent, journal {net}"


CHECKS: tuple[Callable[[Ledger], Violations], ...] = (
    journal_folds_to_stored_totals,
    lots_stay_within_bounds,
    a_debtor_has_no_free_points,
    spends_follow_the_order_of_expiry,
    holds_resolve_once,
    no_cause_gives_back_more_than_it_took,
)


def invariants(ledger: Ledger) -> list[str]:
    return [violation for check in CHECKS for violation in check(ledger)]
