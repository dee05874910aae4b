"""What an invariant is: a code, a sentence, and a way to find what breaks it."""

from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol

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


class Found(NamedTuple):
    """How many violations there are, and the first of them."""

    total: int
    examples: list[Violation]


class Find(Protocol):
    """Looks for what breaks an invariant. The session's transaction is open, read-only and REPEATABLE READ."""

    def __call__(self, session: ReadSession, scope: Scope, /, *, examples: int) -> Awaitable[Found]: ...


@dataclass(frozen=True, slots=True)
class Invariant:
    """A sentence that must be true of the data, and how what breaks it is found: a ``Query``, or a function."""

    code: str
    """Several may share one: that of the family they belong to."""
    title: str
    find: Find
    needs_all_members: bool = False
    """It compares totals of everybody, so that it says nothing of a part of the members."""


async def collect(violations: AsyncIterator[Violation], *, examples: int) -> Found:
    """Count ``violations`` and keep the first ``examples``."""
    total = 0
    first: list[Violation] = []
    async for violation in violations:
        total += 1
        if total <= examples:
            first.append(violation)
    return Found(total, first)
