"""Storing what standings noted, set-based: one statement a table for any number of members."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from kernel.database import RowWriter
from kernel.events import Event, publish
from loyalty.events import TierChanged
from loyalty.models import TierBonus, TierChange, TierDay, TierStanding
from loyalty.tiers.measures import Measures
from loyalty.tiers.standing import Standing

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_STATE = (
    *("programme_version", "stale_cause", "through", "since", "falls_at", "falls_to", "next_look_at", "warned_of"),
    *("last_change_no", "granted_tier", "granted_until", "grant_reason", "granted_by", "granted_at"),
)
_STANDINGS = RowWriter(
    TierStanding,
    "member_id",
    *_STATE,
    on_conflict="ON CONFLICT (member_id) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in _STATE),
)
_MEASURES = ("points", "adjusted", "spend_minor", "purchases", "actions")
_DAYS = RowWriter(
    TierDay,
    *("member_id", "day", *_MEASURES),
    on_conflict="ON CONFLICT (member_id, day) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _MEASURES),
)
_CHANGES = RowWriter(
    TierChange,
    *("member_id", "change_no", "from_tier", "to_tier", "at", "recorded_at", "cause_kind", "cause_no", "period"),
)
_BONUS = ("wallet", "points", "change_no", "paid_at", "taken_back_at", "kept_points")
_BONUSES = RowWriter(
    TierBonus,
    *("member_id", "tier", "period", *_BONUS),
    on_conflict="ON CONFLICT (member_id, tier, period) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _BONUS),
)


async def write_standings(connection: "Connection[Record]", standings: Collection[Standing], *, now: datetime) -> None:
    """Store the noted changes of standings whose accounts are locked and written, and tell of them."""
    changed = [standing for standing in standings if standing.is_changed]
    await _STANDINGS.write(connection, [_state(standing, now) for standing in changed])
    await _DAYS.write(
        connection, [(s.member_id, day, *_day(s.days[day])) for s in changed for day in sorted(s.changed_days)]
    )
    await _CHANGES.write(
        connection,
        [
            (s.member_id, one.change_no, one.from_tier, one.to_tier, one.at, now, *one.cause, one.period)
            for s in changed
            for one in s.changes
        ],
    )
    await _BONUSES.write(
        connection,
        [
            (s.member_id, *key, *(getattr(s.bonuses[key], name) for name in _BONUS))
            for s in changed
            for key in sorted(s.changed_bonuses)
        ],
    )
    await publish(connection, [event for standing in changed for event in _events(standing)], now=now)


def _events(standing: Standing) -> list[Event]:
    moved = [
        TierChanged(
            member_id=standing.member_id,
            change_no=one.change_no,
            from_tier=one.from_tier,
            to_tier=one.to_tier,
            changed_at=one.at,
            cause=one.cause.kind,
        )
        for one in standing.changes
    ]
    return [*moved, *standing.warnings]


def _state(standing: Standing, now: datetime) -> tuple[object, ...]:
    grant = standing.grant
    return (
        standing.member_id,
        standing.programme_version,
        standing.stale_cause,
        standing.through,
        standing.since or now,
        standing.falls_at,
        standing.falls_to,
        standing.next_look_at,
        standing.warned_of,
        standing.last_change_no,
        *((grant.tier, grant.until, grant.reason, grant.by, grant.at) if grant else (None,) * 5),
    )


def _day(measures: Measures) -> tuple[object, ...]:
    return (
        msgspec.json.encode(measures.points).decode(),
        msgspec.json.encode(measures.adjusted).decode(),
        measures.spend_minor,
        measures.purchases,
        measures.actions,
    )
