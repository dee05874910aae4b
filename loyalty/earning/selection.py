"""Which rules apply to a purchase, before any arithmetic, and what kept the others out."""

from msgspec import Struct

from loyalty.earning.purchase import EarningPurchase, MemberFacts, StoreFacts
from loyalty.earning.readers import Sale, read_facts
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.programme.windows import zone_named


class Selection(Struct, frozen=True, gc=False):
    """Sets of rules, as bits. ``lines`` holds, for each line of the basket, the rules that take
    it, ``on_every_line`` those that take all of them."""

    applying: int
    on_every_line: int
    lines: tuple[int, ...]
    missed: dict[str, int]
    errors: tuple[tuple[int, str], ...]


def select_rules(
    purchase: EarningPurchase, member: MemberFacts, store: StoreFacts, programme: ProgrammeSnapshot
) -> Selection:
    """The rules whose audience, window, lines, minimum and condition all fit; each other rule has its first reason."""
    local_at = purchase.occurred_at.astimezone(zone_named(store.zone))
    total_minor = 0
    on_some_line = 0
    on_every_line = programme.all_rules
    lines = []
    taking = programme.lines.taking
    for line in purchase.lines:
        total_minor += line.amount_minor - line.discount_minor - line.order_discount_minor
        rules = taking(line.sku, line.category, line.brand, line.tags, line.kind)
        lines.append(rules)
        on_some_line |= rules
        on_every_line &= rules
    missed: dict[str, int] = {}
    applying = programme.all_rules
    for reason, allowed in (
        ("store", programme.stores.allowing(store.code)),
        ("channel", programme.channels.allowing(purchase.channel)),
        ("tier", programme.tiers.allowing(member.tier)),
        ("segment", programme.segments.allowing_any(member.segments)),
        ("window", programme.windows.open_at(purchase.occurred_at, local_at, store.zone)),
        ("no_matching_lines", on_some_line),
        ("minimum", programme.minima.reached_by(total_minor)),
    ):
        kept = applying & allowed
        if kept != applying:
            missed[reason] = applying ^ kept
            applying = kept
    conditional = applying & programme.conditions.rules
    if not conditional:
        return Selection(applying, on_every_line, tuple(lines), missed, ())
    sale = Sale(purchase, member, store, local_at, total_minor)
    holding, errors = _decide_conditions(programme, conditional, sale, missed)
    return Selection(applying & ~conditional | holding, on_every_line, tuple(lines), missed, errors)


def _decide_conditions(
    programme: ProgrammeSnapshot, candidates: int, sale: Sale, missed: dict[str, int]
) -> tuple[int, tuple[tuple[int, str], ...]]:
    """The candidates whose condition holds, and the errors; the others are noted in ``missed``."""
    decision = programme.conditions.decide(candidates, read_facts(programme.conditions.facts, sale))
    failed = sum(rules for rules, _ in decision.errors)
    if failed:
        missed["condition_error"] = failed
    if false := candidates & ~decision.holding & ~failed:
        missed["condition_false"] = false
    return decision.holding, decision.errors
