"""Opening cases, told by sales and refunds that are in the books."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from kernel.database import WriteSession, driver
from loyalty.events import GoodsReturned, PurchaseRecorded, PurchaseRefunded
from loyalty.members.ids import member_public_id
from loyalty.programme.review import ReviewSettings
from loyalty.review.cases import Case, open_all, review_settings

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_DAYS: Final = """
SELECT p.member_id, p.local_date, count(*) AS purchases, coalesce(sum(earned.points), 0)::bigint AS points
FROM unnest($1::bigint[], $2::date[]) AS day (member_id, local_date)
JOIN purchase AS p USING (member_id, local_date)
CROSS JOIN LATERAL (SELECT sum(value::bigint) AS points FROM jsonb_each_text(p.earned)) AS earned
WHERE NOT p.voided
GROUP BY 1, 2
"""
_CASHIERS: Final = """
SELECT member_id, month, cashier_id, purchases, total
FROM (
    SELECT p.member_id, m.month, p.cashier_id, count(*) AS purchases,
           sum(count(*)) OVER (PARTITION BY p.member_id, m.month)::bigint AS total
    FROM unnest($1::bigint[], $2::date[]) AS m (member_id, month)
    JOIN purchase AS p ON p.member_id = m.member_id AND p.local_date >= m.month
                      AND p.local_date < m.month + interval '1 month'
    WHERE NOT p.voided
    GROUP BY 1, 2, 3
) AS shares
WHERE cashier_id IS NOT NULL AND purchases >= $3 AND purchases * 100 >= total * $4
"""
_REFUNDS: Final = """
SELECT m.member_id, m.month, r.refunds, p.purchases
FROM unnest($1::bigint[], $2::date[]) AS m (member_id, month)
CROSS JOIN LATERAL (
    SELECT count(*) AS refunds FROM refund AS r
    WHERE r.member_id = m.member_id AND NOT r.is_void AND r.local_date >= m.month
      AND r.local_date < m.month + interval '1 month'
) AS r
CROSS JOIN LATERAL (
    SELECT count(*) AS purchases FROM purchase AS p
    WHERE p.member_id = m.member_id AND NOT p.voided AND p.local_date >= m.month
      AND p.local_date < m.month + interval '1 month'
) AS p
WHERE r.refunds >= $3 AND r.refunds * 100 >= p.purchases * $4
"""


async def open_cases(
    session: WriteSession, events: Sequence[PurchaseRecorded | PurchaseRefunded | GoodsReturned], *, now: datetime
) -> None:
    """Look at the days and months that ``events`` fall into. A case that was opened before stays as it is."""
    connection = await driver(session)
    settings = await review_settings(connection, now=now)
    days = sorted({(event.member_id, event.local_date) for event in events if isinstance(event, PurchaseRecorded)})
    months = sorted({(event.member_id, event.local_date.replace(day=1)) for event in events})
    cases = [
        *await _busy_days(connection, days, settings),
        *await _one_cashier(connection, months, settings),
        *await _many_refunds(connection, months, settings),
    ]
    await open_all(connection, cases, now=now)


async def _busy_days(
    connection: "Connection[Record]", days: Sequence[tuple[int, object]], settings: ReviewSettings
) -> list[Case]:
    if not days or not (settings.purchases_a_day or settings.points_a_day):
        return []
    cases = []
    for row in await connection.fetch(_DAYS, *zip(*days, strict=True)):
        about = (member_public_id(row["member_id"]), row["member_id"], row["local_date"].isoformat())
        facts: dict[str, int | str] = {"purchases": row["purchases"], "points": row["points"]}
        if settings.purchases_a_day and row["purchases"] > settings.purchases_a_day:
            cases.append(Case("many_purchases", *about, facts))
        if settings.points_a_day and row["points"] > settings.points_a_day:
            cases.append(Case("many_points", *about, facts))
    return cases


async def _one_cashier(
    connection: "Connection[Record]", months: Sequence[tuple[int, object]], settings: ReviewSettings
) -> list[Case]:
    if not months or not settings.cashier_purchases_a_month:
        return []
    found = await connection.fetch(
        _CASHIERS,
        *zip(*months, strict=True),
        settings.cashier_purchases_a_month,
        settings.cashier_share_percent,
    )
    return [
        Case(
            "one_cashier",
            f"cashier:{row['cashier_id']}",
            row["member_id"],
            row["month"].isoformat()[:7],
            {"purchases": row["purchases"], "of": row["total"], "member_id": member_public_id(row["member_id"])},
        )
        for row in found
    ]


async def _many_refunds(
    connection: "Connection[Record]", months: Sequence[tuple[int, object]], settings: ReviewSettings
) -> list[Case]:
    if not months or not settings.refunds_a_month:
        return []
    found = await connection.fetch(
        _REFUNDS, *zip(*months, strict=True), settings.refunds_a_month, settings.refund_share_percent
    )
    return [
        Case(
            "many_refunds",
            member_public_id(row["member_id"]),
            row["member_id"],
            row["month"].isoformat()[:7],
            {"refunds": row["refunds"], "purchases": row["purchases"]},
        )
        for row in found
    ]
