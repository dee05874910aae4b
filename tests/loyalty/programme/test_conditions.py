from collections.abc import Mapping

import pytest

from loyalty.earning.purchase import MemberFacts
from loyalty.earning.readers import READERS, Sale, read_facts
from loyalty.programme.cel import PURCHASES, ConditionProblem, ConditionRefusedError
from loyalty.programme.conditions import PACK_SIZE, ConditionSet, Decision
from loyalty.programme.facts import FactValue
from tests.loyalty.earning.making import NOBODY, NOON, STORE, basket, line

FACTS_OF_A_SALE: Mapping[str, FactValue] = {
    "purchase.total_minor": 5_000,
    "purchase.lines_count": 3,
    "purchase.skus": ["bread", "milk"],
    "member.tier": "gold",
    "member.is_birthday": False,
}


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("purchase.totl_minor > 5", ConditionProblem("undeclared reference to 'purchase.totl_minor'", 1, 9)),
        (
            "purchase.total_minor > 'x'",
            ConditionProblem("found no matching overload for '_>_' applied to '(int, string)'", 1, 22),
        ),
        ("true &&\n  member.teir == 'gold'", ConditionProblem("undeclared reference to 'member.teir'", 2, 9)),
        ("'é' == member.tier && nobody", ConditionProblem("undeclared reference to 'nobody'", 1, 23)),
        ("purchase.total_minor", ConditionProblem("answers int instead of bool", 1, 1)),
        ("true || '" + "x" * 2_000 + "' == ''", ConditionProblem("longer than 2000 characters")),
        ("purchase.total_minor > 9223372036854775808", ConditionProblem("invalid int literal", 1, 24)),
    ],
)
def test_a_condition_with_a_mistake_is_refused_with_its_place(source: str, problem: ConditionProblem) -> None:
    with pytest.raises(ConditionRefusedError) as refusal:
        PURCHASES.condition(source)
    assert refusal.value.problems == (problem,)


@pytest.mark.parametrize(
    "source", ["1 +", "(", "true)", "true ? 1 : 0", "", "!(" * 100 + "true" + ")" * 100, "(" * 300 + "true" + ")" * 300]
)
def test_what_is_no_condition_is_refused(source: str) -> None:
    with pytest.raises(ConditionRefusedError):
        PURCHASES.condition(source)


def test_every_mistake_of_a_condition_is_reported() -> None:
    with pytest.raises(ConditionRefusedError) as refusal:
        PURCHASES.condition("x > 1 && y")
    assert [(problem.line, problem.column) for problem in refusal.value.problems] == [(1, 1), (1, 10)]


def test_a_condition_knows_the_facts_it_mentions() -> None:
    condition = PURCHASES.condition(
        "purchase . total_minor > 1 && purchase.skus.exists(s, s == member.tier) // store.code"
    )
    assert condition.facts == {"purchase.total_minor", "purchase.skus", "member.tier"}


def test_every_declared_fact_is_read_and_only_optional_ones_may_be_absent() -> None:
    assert READERS.keys() == PURCHASES.facts.keys()
    first_sale = Sale(basket(), NOBODY, STORE, NOON, 0)
    read = read_facts(tuple(PURCHASES.facts), first_sale)
    assert {name for name, fact in PURCHASES.facts.items() if not fact.optional} == read.keys()


def test_every_fact_has_the_type_that_conditions_expect() -> None:
    member = MemberFacts(purchases_count=1, days_since_purchase=3)
    sale = Sale(basket(line("a", 100, category="food/bread")), member, STORE, NOON, 100)
    compiled = [PURCHASES.condition(f"{name} == {name}") for name in PURCHASES.facts]
    conditions = ConditionSet(PURCHASES, ((condition, 1 << place) for place, condition in enumerate(compiled)))
    everything = (1 << len(PURCHASES.facts)) - 1
    assert conditions.decide(everything, read_facts(tuple(PURCHASES.facts), sale)) == Decision(everything)


def decide(*sources: str, facts: Mapping[str, FactValue] = FACTS_OF_A_SALE) -> Decision:
    """Decide sources at once; the rule of the first has bit 1."""
    conditions = ConditionSet(
        PURCHASES, ((PURCHASES.condition(source), 1 << place) for place, source in enumerate(sources))
    )
    known = {name: value for name, value in facts.items() if name in conditions.facts}
    return conditions.decide((1 << len(sources)) - 1, known)


@pytest.mark.parametrize(
    ("source", "holds"),
    [
        ("purchase.total_minor >= 5000", True),
        ("purchase.total_minor > 5000", False),
        ("'milk' in purchase.skus", True),
        ("purchase.skus.exists(s, s.startsWith('b'))", True),
        ("member.is_birthday", False),
        ("true // always", True),
        ("member.tier in ['silver', 'gold'] && purchase.lines_count >= 3", True),
    ],
)
def test_a_condition_holds_or_not(source: str, holds: bool) -> None:
    assert decide(source) == Decision(int(holds))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("purchase.total_minor / (purchase.lines_count - 3) > 1", "divide by zero"),
        ("purchase.total_minor * 9223372036854775807 > 1", "overflow"),
        ("member.tier.matches('(')", "invalid regular expression"),
        ("int(member.tier) > 1", "cannot convert"),
        ("member.days_since_purchase > 3", "absent: member.days_since_purchase"),
        ("purchase.skus[7] == 'x'", "Index error"),
    ],
)
def test_an_error_is_not_true_and_is_reported(source: str, words: str) -> None:
    holding, errors = decide(source)
    assert holding == 0
    assert [rules for rules, _ in errors] == [1]
    assert words in errors[0][1]


def test_an_absent_fact_that_decides_nothing_does_no_harm() -> None:
    assert decide("member.tier == 'gold' || member.days_since_purchase > 3") == Decision(1)


def test_an_error_among_many_conditions_spoils_only_its_own() -> None:
    sources = [f"purchase.total_minor > {place * 1_000}" for place in range(3 * PACK_SIZE)]
    sources[2] = "purchase.total_minor / (purchase.lines_count - 3) > 1"
    sources[PACK_SIZE + 1] = "member.days_since_purchase > 3"
    holding, errors = decide(*sources)
    assert holding == 0b11011
    assert [rules for rules, _ in errors] == [1 << 2, 1 << PACK_SIZE + 1]


def test_conditions_too_deep_to_be_packed_are_decided_all_the_same() -> None:
    deep = "!(" * 28 + "purchase.total_minor > 1" + ")" * 28
    assert decide(*[deep.replace("> 1", f"> {place}") for place in range(PACK_SIZE)]).holding == (1 << PACK_SIZE) - 1


def test_a_condition_that_would_run_for_long_is_an_error() -> None:
    source = "purchase.skus.all(a, purchase.skus.all(b, purchase.skus.all(c, a + b + c != '')))"
    holding, errors = decide(source, "true", facts={"purchase.skus": [f"sku-{n}" for n in range(200)]})
    assert holding == 0b10
    assert "budget" in errors[0][1]


def test_a_condition_shared_by_rules_is_decided_for_each_candidate() -> None:
    conditions = ConditionSet(PURCHASES, ((PURCHASES.condition("true"), bit) for bit in (0b001, 0b010, 0b100)))
    assert conditions.decide(0b101, {}) == Decision(0b101)
