"""Run the scenarios and write ``docs/conformance.md`` from what came out: ``python -m tests.scenarios.report``."""

import sys
from pathlib import Path

import pytest

from tests.scenarios.page import PAGE, render
from tests.scenarios.registry import SCENARIOS


class Passed:
    """A pytest plugin that notes which scenarios pass."""

    def __init__(self) -> None:
        self.tests: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called for each phase of each test."""
        name = report.nodeid.rpartition("::")[2]
        if report.when == "call" and report.passed:
            self.tests.add(name)
        elif report.failed:
            self.tests.discard(name)


def main() -> int:
    """Answers the process's exit code: that of pytest, which leaves the page alone unless every test has passed."""
    passed = Passed()
    here = Path(__file__).parent
    code = pytest.main([str(here), "-q", f"--ignore={here / 'test_conformance.py'}"], plugins=[passed])
    if code == 0:
        page = render([one.id for one in SCENARIOS.values() if one.test in passed.tests])
        PAGE.write_text(page, encoding="utf-8")
        print(f"Written: {PAGE}")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
