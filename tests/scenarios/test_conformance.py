"""Every scenario is accounted for, and the committed page says how each comes out."""

import importlib
import pkgutil

import pytest

from tests import scenarios
from tests.scenarios.later import LATER
from tests.scenarios.page import PAGE, render
from tests.scenarios.registry import SCENARIOS
from tests.scenarios.sources import LINKS, SECTIONS, SOURCES


@pytest.fixture(scope="module", autouse=True)
def all_scenarios() -> None:
    """Whichever tests were asked for, all are in the registry."""
    for module in pkgutil.iter_modules(scenarios.__path__):
        if module.name.startswith("test_"):
            importlib.import_module(f"{scenarios.__name__}.{module.name}")


def test_every_scenario_has_a_test_or_a_reason_and_never_both() -> None:
    assert set(SOURCES) == SCENARIOS.keys() | LATER.keys()
    assert not SCENARIOS.keys() & LATER.keys()


def test_every_scenario_belongs_to_a_section_and_every_link_to_a_source() -> None:
    assert {scenario_id[0] for scenario_id in SOURCES} == set(SECTIONS)
    assert set(LINKS) <= set(SOURCES.values())


def test_the_committed_page_is_what_a_run_of_these_tests_would_write() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(SCENARIOS), "run `make conformance`"
