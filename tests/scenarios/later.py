"""Scenarios that no test shows yet, each with what is missing."""

from collections.abc import Mapping
from typing import Final

_STREAKS = "there are no streaks yet"
_ACHIEVEMENTS = "there are no achievements and challenges yet"
_BOARDS = "there are no leaderboards and leagues yet"
_CHANCE = "there are no draws, wheels and instant wins yet"
_QUIZZES = "there are no quizzes yet"

_IDS_BY_REASON: Final[Mapping[str, str]] = {
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
