"""What the business owes in points at any date: by wallet, and by store, legal entity or month of expiry."""

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from analytics.point_value import MinorFigures, Worth
from kernel.database import ReadSession, driver
from loyalty.accounting.debts import debts_at
from loyalty.accounting.flows import Grouping
from loyalty.accounting.roll_forward import Basis, Figures, RollForward, added, roll_forward

if TYPE_CHECKING:
    from asyncpg import Connection, Record

By: TypeAlias = Literal["wallet", "store", "legal_entity", "expiry_month"]

_GROUPING: dict[By, Grouping] = {
    "wallet": "",
    "store": "store",
    "legal_entity": "store",
    "expiry_month": "expiry_month",
}


class LiabilityQuestion(Struct, frozen=True, kw_only=True):
    """``until_at`` is exclusive. ``zone`` is that in which months of expiry are told."""

    from_at: datetime
    until_at: datetime
    by: By
    basis: Basis
    zone: str


class LiabilityRow(Struct, frozen=True, kw_only=True):
    """One wallet and group."""

    wallet: str
    group: str
    """Store, legal entity or month (``2026-03``); empty: none. Points given by staff have no store."""
    points: Figures
    minor: MinorFigures | None
    """Null where the programme gives points of this wallet no value in money."""


class Debt(Struct, frozen=True, kw_only=True):
    """Points that members owe in a wallet at the end. They are not taken off the liability."""

    wallet: str
    points: int


class Liability(Struct, frozen=True, kw_only=True):
    """Rows by wallet and group, their sum by wallet, and what members owe."""

    rows: list[LiabilityRow]
    totals: list[LiabilityRow]
    debts: list[Debt]


async def liability(session: ReadSession, asked: LiabilityQuestion, *, worth: Worth, now: datetime) -> Liability:
    """Answer from one snapshot: nothing that is recorded meanwhile is half in it. The session is fresh."""
    await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    connection = await driver(session)
    rows = await roll_forward(
        connection,
        from_at=asked.from_at,
        until_at=asked.until_at,
        by=_GROUPING[asked.by],
        basis=asked.basis,
        zone=asked.zone,
        now=now,
    )
    if asked.by == "legal_entity":
        rows = _summed([replace(row, group=entity) for row, entity in await _with_entities(connection, rows)])
    totals = _summed([replace(row, group="") for row in rows])
    debts = await debts_at(connection, asked.until_at, basis=asked.basis, now=now)
    return Liability(
        rows=[_valued(row, worth) for row in rows],
        totals=[_valued(row, worth) for row in totals],
        debts=[Debt(wallet=wallet, points=points) for wallet, points in debts.items()],
    )


async def legal_entities(connection: "Connection[Record]") -> dict[str, str]:
    """Legal entity by store."""
    rows = await connection.fetch("SELECT store_id, legal_entity FROM store")
    return {row["store_id"]: row["legal_entity"] for row in rows}


async def _with_entities(connection: "Connection[Record]", rows: list[RollForward]) -> list[tuple[RollForward, str]]:
    entities = await legal_entities(connection)
    return [(row, entities.get(row.group, "")) for row in rows]


def _summed(rows: list[RollForward]) -> list[RollForward]:
    """One row for each wallet and group."""
    by_key: dict[tuple[str, str], list[Figures]] = defaultdict(list)
    for row in rows:
        by_key[row.wallet, row.group].append(row.points)
    return [
        RollForward(wallet=wallet, group=group, points=added(figures))
        for (wallet, group), figures in sorted(by_key.items())
    ]


def _valued(row: RollForward, worth: Worth) -> LiabilityRow:
    return LiabilityRow(
        wallet=row.wallet, group=row.group, points=row.points, minor=worth.figures(row.wallet, row.points)
    )
