"""Laws of earning, for baskets and programmes that nobody thought of."""

from decimal import Decimal
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from loyalty.earning.evaluation import Evaluation
from loyalty.earning.freezing import freeze
from loyalty.earning.purchase import EarningPurchase, MemberFacts
from loyalty.earning.refunding import kept_after, taken_back
from loyalty.earning.shares import scale_lines, with_shares
from loyalty.programme.snapshot import ProgrammeSnapshot
from tests.loyalty.earning.generated import programmes, purchases
from tests.loyalty.earning.making import evaluated, points_of

KNOWN = MemberFacts(days_since_purchase=3)
USED = {"rule-0": {"day": 15}, "rule-1": {"lifetime": 70}}
BUDGET = {"rule-0": 500, "rule-1": 5, "rule-2": 0}


def earned(purchase: EarningPurchase, snapshot: ProgrammeSnapshot) -> Evaluation:
    return evaluated(purchase, snapshot, member=KNOWN, used=USED, budget=BUDGET)


@given(purchases(), programmes())
def test_every_rule_has_exactly_one_outcome_and_none_is_negative(
    purchase: EarningPurchase, snapshot: ProgrammeSnapshot
) -> None:
    evaluation = earned(purchase, snapshot)
    outcomes = [*points_of(evaluation), *evaluation.multipliers]
    outcomes += [rule.code for bits in evaluation.missed.values() for rule in snapshot.among(bits)]
    assert sorted(outcomes) == [rule.code for rule in snapshot.rules]
    assert all(paid.points > 0 for paid in evaluation.fired)
    assert sum(group.points for group in evaluation.groups) == sum(points_of(evaluation).values())


@given(purchases(), programmes(), st.randoms(use_true_random=False))
def test_the_order_of_rules_and_of_lines_changes_nothing(
    purchase: EarningPurchase, snapshot: ProgrammeSnapshot, random: Random
) -> None:
    rules, lines = list(snapshot.document.earn_rules), list(purchase.lines)
    random.shuffle(rules)
    random.shuffle(lines)
    shuffled = ProgrammeSnapshot(1, replace(snapshot.document, earn_rules=tuple(rules)))
    before, after = earned(purchase, snapshot), earned(replace(purchase, lines=tuple(lines)), shuffled)
    assert (before.groups, before.fired, before.missed, before.details) == (
        after.groups,
        after.fired,
        after.missed,
        after.details,
    )


@given(purchases(), programmes())
def test_limits_are_never_exceeded(purchase: EarningPurchase, snapshot: ProgrammeSnapshot) -> None:
    evaluation = earned(purchase, snapshot)
    for use in evaluation.cap_uses:
        cap = getattr(snapshot.rule_documents[use.rule].caps, use.period)
        assert USED.get(use.rule, {}).get(use.period, 0) + use.points <= cap
    for code, points in evaluation.budget_uses.items():
        assert points <= BUDGET[code]


@given(purchases(), programmes())
def test_a_purchase_that_came_back_whole_keeps_nothing(purchase: EarningPurchase, snapshot: ProgrammeSnapshot) -> None:
    frozen = freeze(earned(purchase, snapshot))
    everything = {line.line_id: line.quantity for line in purchase.lines}
    kept = kept_after(frozen, purchase.lines, [everything], snapshot)
    assert not any(kept.points.values())
    assert kept.rule_points == {}


@st.composite
def refunds(draw: st.DrawFn, purchase: EarningPurchase) -> list[dict[str, Decimal]]:
    """Partial refunds that bring everything back in the end: what came back in all before and after each of them."""
    back: dict[str, Decimal] = {}
    states = [dict(back)]
    for _ in range(draw(st.integers(0, 4))):
        for line in purchase.lines:
            before = back.get(line.line_id, Decimal(0))
            share = draw(st.sampled_from((Decimal(0), Decimal("0.25"), Decimal("0.5"), Decimal(1))))
            if part := (line.quantity - before) * share:
                back[line.line_id] = before + part
        states.append(dict(back))
    return [*states, {line.line_id: line.quantity for line in purchase.lines}]


@given(st.data(), purchases(), programmes())
def test_partial_refunds_add_up_to_the_whole(
    data: st.DataObject, purchase: EarningPurchase, snapshot: ProgrammeSnapshot
) -> None:
    evaluation = earned(purchase, snapshot)
    frozen = freeze(evaluation)
    states = data.draw(refunds(purchase))
    points: dict[str, int] = {}
    caps: dict[tuple[str, str], int] = {}
    budgets: dict[str, int] = {}
    for number, after in enumerate(states[1:], start=1):
        step = taken_back(frozen, purchase.lines, states=states[1:number], came_back=after, programme=snapshot)
        for wallet, taken in step.points.items():
            assert taken >= 0
            points[wallet] = points.get(wallet, 0) + taken
        for use in step.cap_uses:
            assert use.points > 0
            caps[use.rule, use.period] = caps.get((use.rule, use.period), 0) + use.points
        for code, released in step.budget_uses.items():
            assert released > 0
            budgets[code] = budgets.get(code, 0) + released
    assert points == evaluation.points_by_wallet
    assert caps == {(use.rule, use.period): use.points for use in evaluation.cap_uses}
    assert budgets == evaluation.budget_uses


@given(st.data(), purchases())
def test_what_is_left_of_a_line_shrinks_evenly_and_stays_a_line(data: st.DataObject, purchase: EarningPurchase) -> None:
    states = [scale_lines(purchase, back) for back in data.draw(refunds(purchase))]
    for before, after in pairwise(states):
        left = {line.line_id: line for line in before.lines}
        for line in after.lines:
            whole = left[line.line_id]
            parts = (line.discount_minor, line.order_discount_minor, line.points_paid_minor, line.stored_value_minor)
            assert min(parts) >= 0
            assert sum(parts) <= line.amount_minor <= whole.amount_minor
            assert 0 <= line.tax_minor <= line.amount_minor - line.discount_minor
            assert 0 < line.quantity <= whole.quantity
    assert states[-1].lines == ()
    assert states[-1].order_discount_minor == 0


@given(purchases())
def test_shares_of_the_order_add_up_and_stay(purchase: EarningPurchase) -> None:
    shared = with_shares(purchase)
    payable = sum(line.amount_minor - line.discount_minor for line in purchase.lines)
    assert sum(line.order_discount_minor for line in shared.lines) == min(purchase.order_discount_minor, payable)
    assert with_shares(shared) == shared
    assert scale_lines(purchase, {}) == replace(
        shared, order_discount_minor=min(purchase.order_discount_minor, payable)
    )
