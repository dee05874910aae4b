"""Which test shows which scenario, and how it comes out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from tests.scenarios.sources import SOURCES

Test = TypeVar("Test", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario with its test. It holds when neither ``differs`` nor ``later`` gives a reason."""

    id: str
    module: str
    test: str
    differs: str
    """Because of what we do something else on purpose; the test shows what."""
    later: str
    """What of the scenario a later release brings; the test shows the rest."""


SCENARIOS: Final[dict[str, Scenario]] = {}


def scenario(scenario_id: str, *, differs: str = "", later: str = "") -> Callable[[Test], Test]:
    """Note that the decorated test is about ``scenario_id``: its name has to start with ``test_<id>_``."""

    def note(test: Test) -> Test:
        assert scenario_id in SOURCES, f"there is no scenario {scenario_id}"
        assert test.__name__.startswith(f"test_{scenario_id.lower()}_"), f"{test.__name__} does not name {scenario_id}"
        found = Scenario(scenario_id, test.__module__, test.__name__, differs, later)
        assert SCENARIOS.setdefault(scenario_id, found) == found, f"{scenario_id} has two tests"
        return test

    return note
