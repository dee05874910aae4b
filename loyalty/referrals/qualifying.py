"""Whether what a friend bought counts. Pure: it follows from the frozen sale and from what came back of it."""

from loyalty.earning.freezing import with_lines
from loyalty.earning.readers import Sale, read_facts
from loyalty.earning.shares import scale_lines
from loyalty.programme.cel import PURCHASES
from loyalty.programme.conditions import ConditionSet
from loyalty.programme.referrals import Referrals
from loyalty.programme.windows import zone_named
from loyalty.refunds.original import Original


def counts(original: Original, settings: Referrals) -> bool:
    """Whether what is left of the sale is a purchase that ``settings`` pay for.

    A sale under which nothing was evaluated, because its member could not earn, is none.
    """
    if original.voided or original.evaluation is None:
        return False
    left = scale_lines(with_lines(original.evaluation, original.lines), original.came_back)
    total_minor = sum(line.amount_minor - line.discount_minor - line.order_discount_minor for line in left.lines)
    if total_minor < max(1, settings.minimum_minor):
        return False
    if not settings.condition:
        return True
    store = original.evaluation.store
    local_at = left.occurred_at.astimezone(zone_named(store.zone))
    condition = ConditionSet(PURCHASES, [(PURCHASES.condition(settings.condition), 1)])
    facts = read_facts(condition.facts, Sale(left, original.evaluation.member, store, local_at, total_minor))
    return bool(condition.decide(1, facts).holding)
