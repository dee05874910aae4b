"""A clock that a test moves."""

from datetime import UTC, datetime, timedelta

_FIRST_TEST_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class MovableClock:
    """Stands still at a Monday morning in March until it is told otherwise."""

    def __init__(self) -> None:
        self._tests = 0
        self.now = _FIRST_TEST_AT

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> datetime:
        """Move on by ``timedelta(**by)`` and tell the new time."""
        self.now += timedelta(**by)
        return self.now

    def set(self, instant: datetime) -> None:
        self.now = instant

    def begin_test(self) -> None:
        """Each test has its own ten seconds, so that nothing the application remembers for seconds reaches the next."""
        self._tests += 1
        self.now = _FIRST_TEST_AT + timedelta(seconds=10 * self._tests)
