"""``docs/conformance.md``: how every scenario comes out, as text."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from tests.scenarios.later import LATER
from tests.scenarios.registry import SCENARIOS
from tests.scenarios.sources import LINKS, SECTIONS, SOURCES

PAGE: Final = Path(__file__).parents[2] / "docs" / "conformance.md"

_HEAD = """\
# Conformance

**{holds} of {all} scenarios hold.** {differs} differ on purpose, {later} come later.

What other loyalty systems' public tests and documents say must happen, played against this API: each scenario is a
test that publishes a programme, drives a till and looks at the member's points. The numbers are theirs; where
a programme setting decides, the test sets it. A scenario that differs has a test too: it shows what happens instead.

This page is written by `make conformance` from a run of those tests. Do not edit it.
"""


def render(passed: Collection[str]) -> str:
    """The page, where ``passed`` holds the ids whose test has passed. Raises ``ValueError`` when one has not."""
    if failed := sorted(SCENARIOS.keys() - set(passed)):
        raise ValueError(f"these scenarios have not passed: {', '.join(failed)}")
    later = len(LATER) + sum(bool(one.later) for one in SCENARIOS.values())
    differs = sum(bool(one.differs) for one in SCENARIOS.values())
    head = _HEAD.format(all=len(SOURCES), holds=len(SOURCES) - differs - later, differs=differs, later=later)
    return "\n".join([head, *_tables(), *_sources()]) + "\n"


def _tables() -> Iterator[str]:
    for letter, title in SECTIONS.items():
        yield f"## {letter}. {title}\n"
        yield "| id | outcome | test | source |"
        yield "|---|---|---|---|"
        for scenario_id, source in SOURCES.items():
            if scenario_id.startswith(letter):
                yield f"| {scenario_id} | {_outcome(scenario_id)} | {_test(scenario_id)} | {source} |"
        yield ""


def _outcome(scenario_id: str) -> str:
    found = SCENARIOS.get(scenario_id)
    if found is None:
        return f"later, because {LATER[scenario_id]}"
    if found.differs:
        return f"differs on purpose, because {found.differs}"
    return f"later, because {found.later}" if found.later else "holds"


def _test(scenario_id: str) -> str:
    found = SCENARIOS.get(scenario_id)
    if found is None:
        return ""
    return f"[{found.test.removeprefix('test_')}](../{found.module.replace('.', '/')}.py)"


def _sources() -> Iterator[str]:
    yield "## Sources\n"
    yield from (f"- {name}: <{address}>" for name, address in LINKS.items())
