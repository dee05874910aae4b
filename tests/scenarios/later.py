"""Scenarios that no test shows yet, each with what is missing."""

from collections.abc import Mapping
from typing import Final

_REWARDS = "there are no rewards yet"
_DISCOUNT_REWARDS = "there are no discounts and coupons as rewards yet"
_STREAKS = "there are no streaks yet"
_ACHIEVEMENTS = "there are no achievements and challenges yet"
_BOARDS = "there are no leaderboards and leagues yet"
_CHANCE = "there are no draws, wheels and instant wins yet"
_QUIZZES = "there are no quizzes yet"

_IDS_BY_REASON: Final[Mapping[str, str]] = {
    _REWARDS: "B03 B05 B25 B27 B29 B41 B45",
    _DISCOUNT_REWARDS: "B39 C03 C05 C11 C15 C17",
    "nothing redeems points by itself yet": "D25",
    _STREAKS: "G01 G03 G05 G07 G09",
    _ACHIEVEMENTS: "G11 G13 G15 G17 G19 G41",
    _BOARDS: "G21 G23 G25 G27",
    _CHANCE: "G29 G31 G39",
    _QUIZZES: "G33 G35",
}

LATER: Final[Mapping[str, str]] = {
    scenario_id: reason for reason, ids in _IDS_BY_REASON.items() for scenario_id in ids.split()
}
"""Scenario id -> reason."""
