"""A roll-forward: what was owed, what came and went by kind, what is owed. Straight from journal and lots.

By **business** time a fact counts when it happened, a late receipt in the month of its sale, and what time does counts
at its instant whether the sweeper has booked it or not. By **recorded** time a fact counts when it came into the
books; so a period that is over changes no more.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from msgspec import Struct

from loyalty.accounting.due_flows import DueFlows, read_due_flows
from loyalty.accounting.flows import Grouping, flow_tables

if TYPE_CHECKING:
    from asyncpg import Connection, Record

Basis: TypeAlias = Literal["business", "recorded"]
BEGINNING: Final = datetime(1, 1, 2, tzinfo=UTC)
"""Before every fact."""


class Figures(Struct, frozen=True, kw_only=True):
    """A roll-forward: ``opening`` and all that follows it, added, are ``closing``. What leaves is negative."""

    opening: int = 0
    issued: int = 0
    clawed_back: int = 0
    """Issued and taken back, because goods came back."""
    redeemed: int = 0
    restored: int = 0
    """Spent points that came back."""
    expired: int = 0
    forfeited: int = 0
    adjusted: int = 0
    transferred: int = 0
    """Between members: all groups together give zero."""
    migrated: int = 0
    written_off: int = 0
    debt_repaid: int = 0
    """Paid from lots for what the member owed."""
    closing: int = 0


class RollForward(Struct, frozen=True, kw_only=True):
    """Points of one wallet and group."""

    wallet: str
    group: str
    """A store or a month; empty: none, or none that is known."""
    points: Figures


CHANGES: Final = tuple(name for name in Figures.__struct_fields__ if name not in ("opening", "closing"))
"""The figures between the opening and the closing one."""

_FIGURE_OF: Final = {
    ("issued", True): "issued",
    ("issued", False): "clawed_back",
    ("redeemed", False): "redeemed",
    ("redeemed", True): "restored",
    **{("transfer", came): "transferred" for came in (True, False)},
    **{("debt", came): "debt_repaid" for came in (True, False)},
    **{
        (account, came): account
        for account in ("expired", "forfeited", "adjusted", "migrated", "written_off")
        for came in (True, False)
    },
}
"""Account and whether points came from it -> the figure."""

_SUMS: Final = """
SELECT wallet, of, account, points > 0 AS came, coalesce(sum(points) FILTER (WHERE {at} < $1), 0)::bigint AS before,
       coalesce(sum(points) FILTER (WHERE {at} >= $1), 0)::bigint AS within
FROM flow WHERE {at} < $2 GROUP BY 1, 2, 3, 4 HAVING $9::text <> '' ORDER BY 1, 2
"""
_BY_PERIOD: Final = """
SELECT wallet, of, account, points > 0 AS came, width_bucket(recorded_at, $1::timestamptz[]) AS place,
       sum(points)::bigint AS points
FROM flow WHERE recorded_at < $2 GROUP BY 1, 2, 3, 4, 5 HAVING $9::text <> '' ORDER BY 1, 2
"""


async def roll_forward(
    connection: "Connection[Record]",
    *,
    from_at: datetime,
    until_at: datetime,
    by: Grouping,
    basis: Basis,
    zone: str,
    now: datetime,
) -> list[RollForward]:
    """The figures from ``from_at`` until ``until_at`` (exclusive), by wallet and group. ``zone`` is that of months.

    The transaction is REPEATABLE READ. Rows of zeros are left out.
    """
    due = await read_due_flows(connection, now=min(now, until_at)) if basis == "business" else DueFlows()
    sql = flow_tables(by) + _SUMS.format(at="occurred_at" if basis == "business" else "recorded_at")
    return _pivoted(await connection.fetch(sql, from_at, until_at, *due.columns, zone))


async def roll_forwards(
    connection: "Connection[Record]", ends: Sequence[datetime], *, by: Grouping
) -> list[list[RollForward]]:
    """The figures by recorded time of periods that follow each other: the first from the beginning, each until its end
    (exclusive). The ledger is read once for all of them.

    The transaction is REPEATABLE READ. Rows of zeros are left out.
    """
    if not ends:
        return []
    sql = flow_tables(by) + _BY_PERIOD
    changes: dict[tuple[int, str, str], dict[str, int]] = {}
    for row in await connection.fetch(sql, list(ends), ends[-1], *DueFlows().columns, "UTC"):
        of = changes.setdefault((row["place"], row["wallet"], row["of"]), dict.fromkeys(CHANGES, 0))
        of[_FIGURE_OF[row["account"], row["came"]]] += row["points"]
    owed = dict.fromkeys(sorted({key[1:] for key in changes}), 0)
    return [
        _period(owed, {key[1:]: of for key, of in changes.items() if key[0] == place}) for place in range(len(ends))
    ]


def _period(owed: dict[tuple[str, str], int], changes: Mapping[tuple[str, str], dict[str, int]]) -> list[RollForward]:
    """One period after others that have left ``owed``, by wallet and group, which is brought to its end."""
    rows = []
    for (wallet, group), opening in owed.items():
        of = changes.get((wallet, group), {})
        closing = owed[wallet, group] = opening + sum(of.values())
        if opening or any(of.values()):
            figures = Figures(opening=opening, closing=closing, **of)
            rows.append(RollForward(wallet=wallet, group=group, points=figures))
    return rows


def _pivoted(rows: "Sequence[Record]") -> list[RollForward]:
    figures: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows:
        of = figures.setdefault((row["wallet"], row["of"]), dict.fromkeys(Figures.__struct_fields__, 0))
        of["opening"] += row["before"]
        of[_FIGURE_OF[row["account"], row["came"]]] += row["within"]
        of["closing"] += row["before"] + row["within"]
    return [
        RollForward(wallet=wallet, group=group, points=Figures(**of))
        for (wallet, group), of in figures.items()
        if any(of.values())
    ]


def added(rows: Iterable[Figures]) -> Figures:
    """The sum of ``rows``, figure by figure."""
    rows = list(rows)
    return Figures(**{name: sum(getattr(row, name) for row in rows) for name in Figures.__struct_fields__})
