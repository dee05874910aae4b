"""Why points move, and the rows that operations note about it."""

from datetime import datetime

from msgspec import Struct


class Cause(Struct, frozen=True):
    """Why points move: a kind and its number within the member."""

    kind: str
    """purchase, refund, action, hold, lot, adjustment, merge, erasure, sliding."""
    no: int


class Act(Struct, frozen=True):
    """What every row of one operation has in common."""

    cause: Cause
    actor: str
    occurred_at: datetime
    now: datetime
    reason: str | None = None
    by_time: bool = False
    """Whether it became due. All else meets the account as it is ``now``, however long ago it occurred."""

    @property
    def instant(self) -> datetime:
        """When it meets the account: what has expired by then is gone."""
        return self.occurred_at if self.by_time else self.now


class Entry(Struct, frozen=True):
    """A journal row to be."""

    entry_no: int
    wallet: str
    debit: str
    credit: str
    amount: int
    kind: str
    act: Act
    recorded_at: datetime
    balance_after: int


class Movement(Struct, frozen=True):
    """A lot movement to be."""

    movement_no: int
    lot_no: int
    kind: str
    amount: int
    cause: Cause
    entry_no: int | None
    occurred_at: datetime
    recorded_at: datetime
