"""What is wrong with a reward is told at its place."""

from typing import Any

import pytest

from loyalty.programme.validation import validate
from tests.journeys.counter import discount, payout, reward, with_rewards

BROKEN: list[tuple[dict[str, Any], str, str]] = [
    (reward("bad code"), ".code", "bad_code"),
    (reward("a", names={"de": "Tasse"}), ".names", "no_fallback_text"),
    (reward("a", descriptions={"en": " "}), ".descriptions.en", "empty_text"),
    (reward("a", kind="magic"), ".effect.kind", "unknown_kind"),
    (reward("a", effect={"share_bp": 5}), ".effect.share_bp", "not_for_this_kind"),
    (discount("a", share_bp=0), ".effect.share_bp", "out_of_range"),
    (discount("a", share_bp=10_001), ".effect.share_bp", "out_of_range"),
    (reward("a", kind="amount_discount"), ".effect.amount_minor", "out_of_range"),
    (reward("a", kind="coupon"), ".effect.pool", "missing"),
    (reward("a", kind="coupon", effect={"pool": "no pool"}), ".effect.pool", "bad_code"),
    (reward("a", effect={"pool": "cinema"}), ".effect.pool", "not_for_this_kind"),
    (reward("a", stock=5, low_stock=-1), ".low_stock", "out_of_range"),
    (reward("a", low_stock=1), ".low_stock", "never_low"),
    (reward("a", kind="wallet_points", effect={"wallet": "x", "points": 1}), ".effect.wallet", "unknown_wallet"),
    (reward("a", kind="wallet_points", effect={"wallet": "stamps"}), ".effect.points", "out_of_range"),
    (reward("a", kind="wallet_points", effect={"wallet": "points", "points": 1}), ".effect.wallet", "buys_itself"),
    (discount("a", effect={"lines": {"kinds": ["soap"]}}), ".effect.lines.kinds[0]", "unknown_line_kind"),
    (payout("a", amount_minor=0), ".effect.amount_minor", "out_of_range"),
    (payout("a", minimum_units=0), ".effect.minimum_units", "out_of_range"),
    (payout("a", maximum_units=0), ".effect.maximum_units", "out_of_range"),
    (payout("a", minimum_units=6), ".effect.maximum_units", "out_of_range"),
    (payout("a", maximum_units=1_000_001), ".effect.maximum_units", "out_of_range"),
    (payout("a", amount_minor=2**52), ".effect.maximum_units", "out_of_range"),
    (payout("a", points=2**52), ".effect.maximum_units", "out_of_range"),
    (payout("a", points=0), ".prices", "money_for_nothing"),
    (payout("a") | {"at_expiry": "keep"}, ".at_expiry", "not_for_this_kind"),
    (payout("a") | {"price_minor": 1}, ".price_minor", "not_for_this_kind"),
    (payout("a") | {"auto_issue": True}, ".auto_issue", "not_for_this_kind"),
    (payout("a") | {"transferable": True}, ".transferable", "not_for_this_kind"),
    (reward("a", kind="partner", transferable=True), ".transferable", "not_for_this_kind"),
    (reward("a", effect={"maximum_units": 5}), ".effect.maximum_units", "not_for_this_kind"),
    (reward("a", prices=[{"points": 0}]), ".prices[0].points", "out_of_range"),
    (reward("a", prices=[{"points": -1}]), ".prices[0].points", "out_of_range"),
    (reward("a", prices=[{"points": 2**53}]), ".prices[0].points", "out_of_range"),
    (reward("a", prices=[{"points": 1, "wallet": "x"}]), ".prices[0].wallet", "unknown_wallet"),
    (reward("a", prices=[{"points": 1}, {"points": 2, "wallet": "points"}]), ".prices[1].wallet", "duplicate_wallet"),
    (discount("a", 0, auto_issue=True), ".auto_issue", "free_for_ever"),
    (reward("a", auto_issue=True), ".auto_issue", "not_for_this_kind"),
    (reward("a", stock=-1), ".stock", "out_of_range"),
    (reward("a", limits={"day": 0}), ".limits.day", "out_of_range"),
    (reward("a", valid_days=4_000), ".valid_days", "out_of_range"),
    (reward("a", tiers=["gold"]), ".tiers[0]", "unknown_tier"),
    (reward("a", segments=["fans"]), ".segments[0]", "unknown_segment"),
    (reward("a", stores=[""]), ".stores[0]", "empty_text"),
    (reward("a", condition="member.teir == 'x'"), ".condition", "bad_condition"),
    (reward("a", condition="purchase.total_minor > 1"), ".condition", "bad_condition"),
    (reward("a", windows=[{"weekdays": [8]}]), ".windows[0].weekdays[0]", "out_of_range"),
]


@pytest.mark.parametrize(("written", "place", "code"), BROKEN)
def test_a_problem_is_reported_with_its_place(written: dict[str, Any], place: str, code: str) -> None:
    problems = validate(with_rewards(discount("sound"), written))
    assert (f"$.rewards[1]{place}", code) in [(problem.path, problem.code) for problem in problems]


def test_two_rewards_have_two_codes() -> None:
    (problem,) = validate(with_rewards(discount("a"), discount("a")))
    assert (problem.path, problem.code) == ("$.rewards[1].code", "duplicate_code")


def test_a_sound_reward_has_no_problem() -> None:
    assert validate(with_rewards(discount("a", stock=0, limits={"day": 1}), reward("b", 0), payout("c"))) == []
