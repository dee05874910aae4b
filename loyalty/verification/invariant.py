"""What an invariant is: a code, a sentence, and a way to find what breaks it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeAlias

from kernel.database import ReadSession

ALL_MEMBERS: Final = (1, 2**63 - 1)


@dataclass(frozen=True, slots=True)
class Violation:
    """A fact that contradicts an invariant, with what should be there and what is."""

    member_id: int | None
    """None: it concerns no single member."""
    what: str
    expected: str | None
    found: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is verified: the ledgers of members ``first_member`` to ``last_member``, both included, as of ``now``."""

    now: datetime
    first_member: int = ALL_MEMBERS[0]
    last_member: int = ALL_MEMBERS[1]
    delivery_patience: timedelta = timedelta(hours=1)
    """How long an event may wait for its handlers."""

    @property
    def is_whole(self) -> bool:
        return (self.first_member, self.last_member) == ALL_MEMBERS


class Find(Protocol):
    """Yields what breaks an invariant. The session's transaction is open, read-only and REPEATABLE READ."""

    def __call__(self, session: ReadSession, scope: Scope, /) -> AsyncIterator[Violation]: ...


@dataclass(frozen=True, slots=True)
class SqlInvariant:
    """``sql`` selects (member_id, what, expected, found) of each violation, over the names in ``reading.py``."""

    code: str
    title: str
    sql: str
    needs_all_members: bool = False
    """It compares totals of everybody, so that a part of the members cannot be verified."""


@dataclass(frozen=True, slots=True)
class PythonInvariant:
    """An invariant that is no query."""

    code: str
    title: str
    find: Find
    needs_all_members: bool = False


Invariant: TypeAlias = SqlInvariant | PythonInvariant
