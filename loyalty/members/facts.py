"""Keeping ``member_fact``: what rules may ask about a member's past.

Sales and refunds are added up as differences, so that it does not matter in which order events of different members, or
ones that were parked and re-run, arrive. A void takes its sale out again.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeAlias

from kernel.database import WriteSession, driver
from loyalty.events import GoodsReturned, MemberErased, MembersMerged, PurchaseRecorded, PurchaseRefunded
from loyalty.ledger.forwarding import surviving_members

if TYPE_CHECKING:
    from asyncpg import Connection, Record

FactEvent: TypeAlias = PurchaseRecorded | PurchaseRefunded | GoodsReturned | MembersMerged | MemberErased


@dataclass(slots=True)
class Change:
    """What a batch of events adds to one member's facts."""

    purchases: int = 0
    spend_minor: int = 0
    last_purchase_on: date | None = None


def changes_of(events: Sequence[FactEvent]) -> dict[int, Change]:
    """What sales and refunds among ``events`` add, by member."""
    changes: defaultdict[int, Change] = defaultdict(Change)
    for event in events:
        if isinstance(event, PurchaseRecorded):
            change = changes[event.member_id]
            change.purchases += 1
            change.spend_minor += event.total_minor
            change.last_purchase_on = max(event.local_date, change.last_purchase_on or event.local_date)
        elif isinstance(event, PurchaseRefunded):
            change = changes[event.member_id]
            change.purchases -= event.is_void
            change.spend_minor -= event.amount_minor
        elif isinstance(event, GoodsReturned):
            changes[event.member_id].spend_minor -= event.amount_minor
    return dict(changes)


async def keep_facts(session: WriteSession, events: Sequence[FactEvent], *, now: datetime) -> None:
    """Bring ``member_fact`` up to date with ``events``. What a merged member did counts for the survivor."""
    connection = await driver(session)
    await add_facts(connection, changes_of(events), now=now)
    await recount_last_days(connection, {e.member_id for e in events if isinstance(e, PurchaseRefunded) and e.is_void})
    merged = {event.source_member_id for event in events if isinstance(event, MembersMerged)}
    if merged:
        await add_facts(connection, await _take_out(connection, merged), now=now)
    erased = {event.member_id for event in events if isinstance(event, MemberErased)}
    if erased:
        await _take_out(connection, erased)


async def add_facts(connection: "Connection[Record]", changes: dict[int, Change], *, now: datetime) -> None:
    """Add what is told by no event, too: receipts that move in, and out again."""
    if not changes:
        return
    survivors = await surviving_members(connection, set(changes))
    rows = [
        (survivors.get(member_id, member_id), change.purchases, change.last_purchase_on, change.spend_minor)
        for member_id, change in changes.items()
    ]
    await connection.execute(_ADD, *zip(*rows, strict=True), now)


async def _take_out(connection: "Connection[Record]", member_ids: Collection[int]) -> dict[int, Change]:
    rows = await connection.fetch(_TAKE_OUT, sorted(member_ids))
    return {
        row["member_id"]: Change(row["purchases_count"], row["spend_minor"], row["last_purchase_on"]) for row in rows
    }


async def recount_last_days(connection: "Connection[Record]", member_ids: Collection[int]) -> None:
    """A sale that was undone may have been the last one: only the sales that are left can say."""
    if member_ids:
        survivors = await surviving_members(connection, set(member_ids))
        await connection.execute(_RECOUNT, sorted({survivors.get(m, m) for m in member_ids}))


# Rows are written in ascending order of members: two batches that share some cannot wait for each other in a ring.
_ADD = """
INSERT INTO member_fact AS f (member_id, purchases_count, last_purchase_on, spend_minor, updated_at)
SELECT member_id, sum(purchases), max(last_on), sum(spend_minor), $5
FROM unnest($1::bigint[], $2::bigint[], $3::date[], $4::bigint[]) AS c (member_id, purchases, last_on, spend_minor)
GROUP BY member_id ORDER BY member_id
ON CONFLICT (member_id) DO UPDATE SET
    purchases_count = f.purchases_count + excluded.purchases_count,
    last_purchase_on = greatest(f.last_purchase_on, excluded.last_purchase_on),
    spend_minor = f.spend_minor + excluded.spend_minor,
    updated_at = excluded.updated_at
"""
_TAKE_OUT = "DELETE FROM member_fact WHERE member_id = ANY($1::bigint[]) RETURNING *"
_RECOUNT = """
WITH RECURSIVE stands_for (member_id, source_id) AS (
    SELECT m, m FROM unnest($1::bigint[]) AS m
    UNION
    SELECT s.member_id, m.member_id FROM stands_for AS s JOIN member AS m ON m.merged_into = s.source_id
)
UPDATE member_fact AS f
SET last_purchase_on = (
    SELECT max(p.local_date) FROM stands_for AS s JOIN purchase AS p ON p.member_id = s.source_id
    WHERE s.member_id = f.member_id AND NOT p.voided
)
WHERE f.member_id = ANY($1::bigint[])
"""
