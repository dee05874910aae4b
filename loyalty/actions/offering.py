"""What a member can do now, and how often it still counts. Reads without a lock: the answer to a claim decides."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from msgspec import Struct

from loyalty.actions.posting import counter_of
from loyalty.counters import load_counters
from loyalty.ledger.account import Account
from loyalty.programme.actions import ActionType
from loyalty.programme.rules import CAP_PERIODS
from loyalty.programme.snapshot import ProgrammeSnapshot

if TYPE_CHECKING:
    from asyncpg import Connection, Record


class OfferedAction(Struct, frozen=True):
    """An action type and how often it still counts, by period that has a limit."""

    declared: ActionType
    left: dict[str, int]


async def offered_actions(
    connection: "Connection[Record]", account: Account, programme: ProgrammeSnapshot, *, now: datetime
) -> Sequence[OfferedAction]:
    """Every action type of ``programme``, in its order."""
    today = now.astimezone(ZoneInfo(account.zone)).date()
    counters = await load_counters(connection, [account.member_id], [today])
    used = counters.headroom(account.member_id, today).used_points
    return [
        OfferedAction(
            declared,
            {
                period: max(0, limit - used.get(counter_of(declared.code), {}).get(period, 0))
                for period in CAP_PERIODS
                if (limit := getattr(declared.limits, period)) is not None
            },
        )
        for declared in programme.document.actions
    ]
