"""Events: what happened, said in ids, integers and instants, and written in the same transaction as the fact.

An event is published where the fact is written and delivered after commit by the worker, to handlers that each
package declares in its own ``reactions.py``. How delivery works, and what it guarantees, stands in ``kernel.outbox``.
"""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

import msgspec

from kernel.database import WriteSession
from kernel.outbox import EVENT_ROWS

if TYPE_CHECKING:
    from asyncpg import Connection, Record

EVENT_TYPES: dict[str, type["Event"]] = {}
"""Every event class that has been imported, by its stable name."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact about one member, or about none (0). A concrete event names its ``type`` and adds fields, all without
    personal data.

    The name and the meaning of existing fields never change, since stored events outlive the code that wrote them; a
    field that is added later has a default.
    """

    type: ClassVar[str]
    member_id: int

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        known = EVENT_TYPES.setdefault(cls.type, cls)
        if known is not cls:
            raise TypeError(f"two events are called {cls.type!r}: {known.__qualname__} and {cls.__qualname__}")


class React(Protocol):
    """What a handler runs: its effect on a list of events, in the transaction that also notes that it had it.

    The events of one member come in the order of their facts. Nothing is committed here, and the effect is on
    PostgreSQL alone: what leaves the house goes through a queue of its own, written here.
    """

    def __call__(self, session: WriteSession, events: Sequence[Any], /, *, now: datetime) -> Awaitable[None]: ...


@dataclass(frozen=True, kw_only=True)
class Handler:
    """A reaction under a stable ``name``: undelivered events wait under it, so renaming it orphans them.

    ``batch_size`` is the most events of one call; 1 for a reaction that cannot work on many at once.
    """

    name: str
    react: React
    batch_size: int = 500


Reactions: TypeAlias = Mapping[type[Event], tuple[Handler, ...]]
"""Which handlers get which events. A handler may stand under several types and gets them in one sequence."""


def merged(*packages: Reactions) -> Reactions:
    """All packages' reactions as one table. Raises ``ValueError`` when two handlers have the same name."""
    together: dict[type[Event], tuple[Handler, ...]] = {}
    by_name: dict[str, Handler] = {}
    for reactions in packages:
        for event_type, handlers in reactions.items():
            together[event_type] = (*together.get(event_type, ()), *handlers)
            for each in handlers:
                if by_name.setdefault(each.name, each) is not each:
                    raise ValueError(f"two handlers are called {each.name!r}")
    return together


async def publish(connection: "Connection[Record]", events: Sequence[Event], *, now: datetime) -> None:
    """Write ``events`` in the transaction that is open on ``connection`` (see ``driver``), as one statement.

    The caller holds the lock of each event's member, or of what else it is about: it is what makes the numbers of one
    member's events ascend in the order of their commits.
    """
    await EVENT_ROWS.write(
        connection, [(event.member_id, event.type, msgspec.json.encode(event).decode(), now) for event in events]
    )


def decode_event(type_name: str, payload: str) -> Event:
    """The event that ``publish`` stored. Raises ``KeyError`` for a name that this process does not know."""
    return msgspec.json.decode(payload, type=EVENT_TYPES[type_name])
