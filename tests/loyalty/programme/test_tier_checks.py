"""What is wrong with tiers is told at its place, everything at once."""

from typing import Any

import pytest

from loyalty.programme.validation import validate
from tests.loyalty.tiers.making import tier, tiers
from tests.programmes import programme

GOLD_BEFORE_SILVER = [tier("gold", thresholds={"points": 300}), tier("silver", thresholds={"points": 100})]


def problems(of: list[dict[str, Any]] | None = None, **settings: Any) -> list[tuple[str, str]]:
    made = programme(tiers=of or tiers(), tier_settings=settings)
    return [(problem.path.removeprefix("$."), problem.code) for problem in validate(made)]


@pytest.mark.parametrize(
    "settings",
    [
        {"window": {"kind": "membership_year"}, "downgrade": "one_step", "floor": "silver"},
        {"window": {"kind": "months", "count": 12}, "retention": {"kind": "end_of_period", "count": 0}},
        {"points_wallet": "points", "grace_days": 36_500, "warning_days": 30},
    ],
)
def test_sound_settings_have_no_problem(settings: dict[str, Any]) -> None:
    assert problems(**settings) == []


@pytest.mark.parametrize(
    ("settings", "path", "code"),
    [
        ({"window": {"kind": "moon"}}, "window.kind", "unknown_kind"),
        ({"window": {"kind": "days"}}, "window.count", "out_of_range"),
        ({"window": {"kind": "months", "count": 1_201}}, "window.count", "out_of_range"),
        ({"window": {"kind": "calendar", "count": 2}}, "window.count", "not_for_this_kind"),
        ({"retention": {"kind": "days"}}, "retention.count", "out_of_range"),
        ({"retention": {"kind": "end_of_period", "count": 9_999}}, "retention.count", "out_of_range"),
        ({"retention": {"kind": "window", "period": "year"}}, "retention.period", "not_for_this_kind"),
        ({"points_wallet": "stars"}, "points_wallet", "unknown_wallet"),
        ({"floor": "platinum"}, "floor", "unknown_tier"),
        ({"grace_days": 36_501}, "grace_days", "out_of_range"),
        ({"warning_days": 36_501}, "warning_days", "out_of_range"),
        ({"downgrade": "one_step"}, "downgrade", "never_ends"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], path: str, code: str) -> None:
    assert problems(**settings) == [(f"tier_settings.{path}", code)]


@pytest.mark.parametrize(
    ("of", "path", "code"),
    [
        ([tier("silver", thresholds={})], "tiers[0].thresholds", "missing"),
        ([tier("silver", thresholds={"points": -1})], "tiers[0].thresholds.points", "out_of_range"),
        (GOLD_BEFORE_SILVER, "tiers[1].thresholds.points", "not_ascending"),
        (tiers(silver=100, gold=100), "tiers[2].thresholds.points", "not_ascending"),
        ([tier("silver", entry_bonus={"points": 0})], "tiers[0].entry_bonus.points", "out_of_range"),
        (
            [tier("silver", entry_bonus={"points": 1, "wallet": "stars"})],
            "tiers[0].entry_bonus.wallet",
            "unknown_wallet",
        ),
    ],
)
def test_a_wrong_tier_is_named(of: list[dict[str, Any]], path: str, code: str) -> None:
    assert (path, code) in problems(of)
