"""What differs between two documents, by the codes of their items."""

from typing import Any

import pytest

from loyalty.programme.differences import Difference, differences
from tests.programmes import fixed, programme, rate

GOLD = {"code": "gold", "names": {"en": "Gold"}}
SILVER = {"code": "silver", "names": {"en": "Silver"}}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({}, {}, []),
        ({}, {"name": "Other"}, [Difference("$.name", "Test", "Other")]),
        (
            {"earn_rules": [rate(), fixed("gift", 5)]},
            {"earn_rules": [fixed("gift", 6), rate()]},
            [
                Difference("$.earn_rules[gift].formula.points", 5, 6),
                Difference("$.earn_rules", ["base", "gift"], ["gift", "base"]),
            ],
        ),
        (
            {"tiers": [SILVER, GOLD]},
            {"tiers": [GOLD, SILVER]},
            [Difference("$.tiers", ["silver", "gold"], ["gold", "silver"])],
        ),
        (
            {"earn_rules": [rate(windows=[{"weekdays": [1]}])]},
            {"earn_rules": [rate(windows=[{"weekdays": [2]}])]},
            [Difference("$.earn_rules[base].windows[0].weekdays", [1], [2])],
        ),
        (
            {"earn_rules": [rate(caps={"day": 5})]},
            {"earn_rules": [rate(caps={})]},
            [Difference("$.earn_rules[base].caps.day", 5, None)],
        ),
        (
            {"earn_rules": [rate(names={"en": "Base", "ru": "База"})]},
            {"earn_rules": [rate(names={"en": "Base"})]},
            [Difference("$.earn_rules[base].names.ru", "База", None)],
        ),
    ],
)
def test_each_difference_is_told_at_its_place(
    before: dict[str, Any], after: dict[str, Any], found: list[Difference]
) -> None:
    assert differences(programme(**before), programme(**after)) == found


def test_what_is_new_or_gone_is_told_as_a_whole() -> None:
    (new,) = differences(programme(rate()), programme(fixed("gift", 5), rate()))
    assert (new.path, new.before, new.after["formula"]["points"]) == ("$.earn_rules[gift]", None, 5)
    (gone,) = differences(programme(fixed("gift", 5), rate()), programme(rate()))
    assert (gone.path, gone.before["code"], gone.after) == ("$.earn_rules[gift]", "gift", None)
