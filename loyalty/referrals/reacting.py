"""What referrals do when a friend has bought, or brought back what counted."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from kernel.database import WriteSession, driver
from loyalty.events import PurchaseRecorded, PurchaseRefunded
from loyalty.programme.publishing import refresh
from loyalty.programme.versions import Programmes, PublishedProgrammes
from loyalty.referrals.qualifying import counts
from loyalty.referrals.rewarding import reward, take_back
from loyalty.referrals.standing import Sides, is_too_fast, lock_sides
from loyalty.refunds.original import Original, load_original

if TYPE_CHECKING:
    from asyncpg import Connection, Record

SaleEvent: TypeAlias = PurchaseRecorded | PurchaseRefunded

_TOUCHED: Final = """
WITH RECURSIVE person (member_id, of_member_id) AS (
    SELECT m, m FROM unnest($1::bigint[]) AS m
    UNION
    SELECT next.member_id, p.of_member_id FROM person AS p CROSS JOIN LATERAL (
        SELECT merged_into FROM member WHERE member_id = p.member_id AND merged_into IS NOT NULL
        UNION ALL SELECT member_id FROM member WHERE merged_into = p.member_id
    ) AS next (member_id)
)
SELECT p.of_member_id, r.member_id FROM person AS p JOIN referral AS r USING (member_id) WHERE r.state <> 'rejected'
ORDER BY r.referred_at, r.member_id
"""
"""Of whose purchases there is a referral that they may change, whichever of a merged member's numbers it has."""


async def follow_purchases(session: WriteSession, events: Sequence[SaleEvent], *, now: datetime) -> None:
    """Pay the referrals that purchases among ``events`` make count, and take back those that returns undo."""
    connection = await driver(session)
    touched = await connection.fetch(_TOUCHED, sorted({event.member_id for event in events}))
    if not touched:
        return
    programmes = PublishedProgrammes()
    await refresh(session, programmes)
    locked = {each.referral.member_id: each for each in await lock_sides(session, {row[1] for row in touched})}
    of_member: dict[int, list[Sides]] = {}
    for row in touched:
        of_member.setdefault(row["of_member_id"], []).append(locked[row["member_id"]])
    for event in events:
        mine = of_member.get(event.member_id, [])
        if isinstance(event, PurchaseRecorded):
            await _qualify(session, mine, event, programmes, now=now)
        else:
            await _undo(session, mine, event, programmes, now=now)


async def _qualify(
    session: WriteSession, mine: list[Sides], event: PurchaseRecorded, programmes: Programmes, *, now: datetime
) -> None:
    """The person's first referral, where no other of theirs has been paid: a merged member may have had two."""
    if not mine or any(sides.referral.state in {"rewarded", "held"} for sides in mine):
        return
    sides = mine[0]
    referral = sides.referral
    settings = programmes.at(event.occurred_at).document.referrals
    if settings is None or event.occurred_at >= referral.qualifies_until:
        return
    connection = await driver(session)
    if not counts(await _original(connection, event), settings):
        return
    referral.purchase_member_id, referral.purchase_no = event.member_id, event.purchase_no
    referral.qualified_at, referral.changed_at = event.occurred_at, now
    if sides.are_one:
        referral.state, referral.reason = "rejected", "own_code"
    elif await is_too_fast(connection, sides, settings, at=event.occurred_at):
        referral.state, referral.reason = "held", "velocity"
    else:
        await reward(session, sides, action=settings.action, programmes=programmes, now=now)
        return
    session.add(referral)
    await session.flush()


async def _undo(
    session: WriteSession, mine: list[Sides], event: PurchaseRefunded, programmes: Programmes, *, now: datetime
) -> None:
    for sides in mine:
        referral = sides.referral
        on = (referral.purchase_member_id, referral.purchase_no)
        if referral.state not in {"rewarded", "held"} or on != (event.member_id, event.purchase_no):
            continue
        original = await _original(await driver(session), event)
        settings = programmes.at(original.occurred_at).document.referrals
        if settings is None or not counts(original, settings):
            await take_back(session, sides, reason="goods_returned", programmes=programmes, now=now)


async def _original(connection: "Connection[Record]", event: SaleEvent) -> Original:
    original = await load_original(connection, event.member_id, event.purchase_no)
    assert original is not None, "an event is published with its purchase"
    return original
