"""Baskets and programmes made up by Hypothesis, for laws that hold for all of them."""

from decimal import Decimal

from hypothesis import strategies as st

from loyalty.earning.purchase import EarningPurchase, EarnLine, Tender
from loyalty.programme.rules import BaseSettings, Caps, EarnRule, Formula, LineNames, Step
from loyalty.programme.settings import Stacking
from loyalty.programme.snapshot import ProgrammeSnapshot
from tests.loyalty.earning.making import basket, programme, rule

CATEGORIES = ("", "food", "food/bread", "drinks", "foodless")
MONEY = st.integers(0, 5_000)
WALLETS = st.sampled_from(("", "stamps"))
FORMULAS = st.one_of(
    st.builds(Formula, kind=st.just("fixed"), points=st.integers(1, 50)),
    st.builds(Formula, kind=st.just("rate"), points=st.integers(1, 20), per_minor=st.integers(1, 500)),
    st.builds(Formula, kind=st.just("per_item"), points=st.integers(1, 9), fractions=st.booleans()),
    st.builds(Formula, kind=st.just("multiplier"), factor=st.sampled_from(("0.5", "1.5", "2", "3.333", "10"))),
    st.just(Formula(kind="steps", steps=(Step(from_minor=0, points=1), Step(from_minor=1_500, points=30)))),
)
LINE_NAMES = st.builds(
    LineNames,
    categories=st.sampled_from(((), ("food",), ("drinks", "food/bread"))),
    skus=st.sampled_from(((), ("0", "1"))),
)
BASES = st.builds(
    BaseSettings,
    tax_included=st.booleans(),
    delivery_earns=st.booleans(),
    stored_value_earns=st.booleans(),
    points_paid_earns=st.booleans(),
    order_discounts=st.sampled_from(("whole_order_only", "spread")),
)


@st.composite
def rules(draw: st.DrawFn, code: str) -> EarnRule:
    """An earn rule of any kind."""
    formula = draw(FORMULAS)
    pays = formula.kind != "multiplier"
    return rule(
        code,
        formula,
        lines=draw(LINE_NAMES),
        except_lines=draw(st.sampled_from((LineNames(), LineNames(categories=("drinks",))))),
        rounding=draw(st.sampled_from(("floor", "round", "ceil"))),
        multiplied=draw(st.sampled_from((None, True, False))),
        stackable=draw(st.booleans()),
        priority=draw(st.integers(-1, 1)),
        requires_base=draw(st.booleans()),
        minimum_basket_minor=draw(st.sampled_from((0, 2_000))),
        condition=draw(
            st.sampled_from(
                ("", "purchase.lines_count > 1", "purchase.lines_count != 2", "member.days_since_purchase < 9")
            )
        ),
        caps=draw(st.sampled_from((Caps(), Caps(day=40), Caps(day=40, lifetime=60)))) if pays else Caps(),
        budget_points=draw(st.sampled_from((None, 1_000))) if pays else None,
        wallet=draw(WALLETS),
    )


@st.composite
def programmes(draw: st.DrawFn) -> ProgrammeSnapshot:
    """A programme of up to six rules."""
    count = draw(st.integers(1, 6))
    stacking = draw(
        st.builds(
            Stacking, rules=st.sampled_from(("add", "best")), multipliers=st.sampled_from(("compound", "add", "best"))
        )
    )
    return programme(*[draw(rules(f"rule-{place}")) for place in range(count)], base=draw(BASES), stacking=stacking)


@st.composite
def lines(draw: st.DrawFn, line_id: str) -> EarnLine:
    """A line whose discounts, points and tax fit into its price."""
    amount = draw(MONEY)
    discount = draw(st.integers(0, amount))
    return EarnLine(
        line_id=line_id,
        sku=line_id,
        quantity=draw(st.sampled_from([Decimal(text) for text in ("1", "2", "3", "7", "0.125", "2.5")])),
        amount_minor=amount,
        discount_minor=discount,
        tax_minor=draw(st.integers(0, (amount - discount) // 5)),
        kind=draw(st.sampled_from(("goods", "goods", "goods", "delivery", "gift_card"))),
        category=draw(st.sampled_from(CATEGORIES)),
    )


@st.composite
def purchases(draw: st.DrawFn) -> EarningPurchase:
    """A basket of up to six lines with discounts, stored value and points paid."""
    count = draw(st.integers(0, 6))
    return basket(
        *[draw(lines(str(place))) for place in range(count)],
        order_discount_minor=draw(st.sampled_from((0, 1, 700, 99_999))),
        tenders=draw(st.sampled_from(((), (Tender(kind="gift_card", amount_minor=300),)))),
    )
