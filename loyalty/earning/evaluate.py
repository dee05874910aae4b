"""Evaluating a purchase: which rules pay, how much, and why the others do not. Pure.

The quote at a till, the sale itself, its refunds, the simulation of a draft and the back-test all call ``evaluate``.
"""

from msgspec.structs import replace

from loyalty.earning.evaluation import Evaluation
from loyalty.earning.grouping import earn_groups
from loyalty.earning.limits import cap_uses, limited
from loyalty.earning.pricing import price_rules
from loyalty.earning.purchase import EarningPurchase, Headroom, MemberFacts, StoreFacts
from loyalty.earning.reasons import Reasons
from loyalty.earning.segments import with_segments
from loyalty.earning.selection import select_rules
from loyalty.earning.shares import with_shares
from loyalty.earning.stacking import best_of_wallets, exclusive_winners, with_a_base
from loyalty.programme.snapshot import ProgrammeSnapshot


def evaluate(
    purchase: EarningPurchase,
    member: MemberFacts,
    store: StoreFacts,
    programme: ProgrammeSnapshot,
    headroom: Headroom,
    *,
    among: int | None = None,
) -> Evaluation:
    """What ``purchase`` earns ``member`` under ``programme``, within ``headroom``, with every reason.

    Rules that are not ``among`` those named, a set of bits, are as if the programme did not have them.

    The answer depends on nothing else, neither on the order of rules in the document nor on that of the lines. It is
    never negative, and a basket whose base is zero earns nothing.
    """
    purchase, member = with_shares(purchase), with_segments(member, programme)
    selection = select_rules(purchase, member, store, programme)
    if among is not None:
        selection = replace(selection, applying=selection.applying & among)
    reasons = Reasons(selection.missed, {programme.by_bit[bit].code: text for bit, text in selection.errors})
    multipliers = exclusive_winners(programme.among(selection.applying & programme.multiplier_rules), reasons)
    priced = price_rules(programme, purchase, member.tier, selection, multipliers, reasons)
    if programme.dependent_rules & selection.applying:
        priced = with_a_base(priced, reasons)
    if programme.exclusive_rules & selection.applying:
        winners = {rule.bit for rule in exclusive_winners([rule for rule, _ in priced], reasons)}
        priced = [(rule, paid) for rule, paid in priced if rule.bit in winners]
    fired = limited(priced, headroom, reasons)
    if programme.best_rule_only:
        fired = best_of_wallets(fired, reasons)
    return Evaluation(
        programme_version=programme.version,
        groups=earn_groups(fired, programme, member.tier, local_date=purchase.local_date, zone=purchase.zone),
        fired=tuple([paid for _, paid in fired]),
        multipliers=tuple([rule.code for rule in multipliers]),
        missed=reasons.missed,
        details=reasons.details,
        cap_uses=cap_uses(fired, purchase.local_date),
        budget_uses={rule.code: paid.points for rule, paid in fired if rule.budgeted},
        purchase=purchase,
        member=member,
        store=store,
        headroom=headroom,
    )
