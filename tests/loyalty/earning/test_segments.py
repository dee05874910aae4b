"""Segments by condition: decided from the facts of the member, only where a rule asks, and frozen with the sale."""

import msgspec
import pytest

from loyalty.earning.freezing import freeze, thaw
from loyalty.earning.purchase import MemberFacts
from loyalty.earning.segments import with_segments
from loyalty.programme.segments import Segment
from loyalty.programme.snapshot import ProgrammeSnapshot
from tests.loyalty.earning.making import basket, evaluated, fixed, line, points_of, programme, rule

BASKET = basket(line("a", 1_000))
REGULARS = Segment(code="regulars", names={"en": "Regulars"}, condition="member.purchases_count >= 5")
GONE = Segment(code="gone", names={"en": "Gone"}, condition="member.days_since_purchase > 90")
LISTED = Segment(code="friends", names={"en": "Friends"})
SEGMENTS = (REGULARS, GONE, LISTED)


def of(*named: str, condition: str = "") -> ProgrammeSnapshot:
    return programme(rule("r", fixed(5), segments=named, condition=condition), segments=SEGMENTS)


@pytest.mark.parametrize(
    ("member", "named", "pays"),
    [
        (MemberFacts(purchases_count=5), ("regulars",), True),
        (MemberFacts(purchases_count=4), ("regulars",), False),
        (MemberFacts(), ("gone",), False),
        (MemberFacts(days_since_purchase=91), ("gone",), True),
        (MemberFacts(segments=frozenset({"friends"})), ("friends",), True),
        (MemberFacts(purchases_count=9), ("friends",), False),
        (MemberFacts(purchases_count=9), ("friends", "regulars"), True),
    ],
)
def test_a_rule_for_a_segment_pays_those_who_are_in_it(member: MemberFacts, named: tuple[str, ...], pays: bool) -> None:
    assert points_of(evaluated(BASKET, of(*named), member=member)) == ({"r": 5} if pays else {})


def test_only_segments_that_a_rule_asks_about_are_decided() -> None:
    member = MemberFacts(purchases_count=9, days_since_purchase=100)
    assert evaluated(BASKET, of("regulars"), member=member).member.segments == {"regulars"}
    assert evaluated(BASKET, of(), member=member).member is member
    everything = of(condition="'gone' in member.segments")
    assert evaluated(BASKET, everything, member=member).member.segments == {"regulars", "gone"}
    assert points_of(evaluated(BASKET, everything, member=member)) == {"r": 5}


def test_lists_are_read_only_where_a_rule_asks() -> None:
    assert of("regulars").segment_index.asked_lists == frozenset()
    assert of("friends").segment_index.asked_lists == {"friends"}
    assert of(condition="'gone' in member.segments").segment_index.asked_lists == {"friends"}


def test_what_was_frozen_with_a_sale_gives_the_same_segments_again() -> None:
    snapshot = of("regulars")
    sold = evaluated(BASKET, snapshot, member=MemberFacts(purchases_count=9))
    kept = thaw(msgspec.json.encode(freeze(sold))).member
    assert kept.segments == {"regulars"}
    assert with_segments(kept, snapshot) == sold.member
