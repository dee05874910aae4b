"""Who owes whom for points: issued here, spent there. As JSON and as a file."""

from datetime import datetime
from typing import Annotated, Final, TypeAlias

from litestar import Controller, Response, get
from litestar.params import QueryParameter
from msgspec import Struct

from analytics.point_value import Worth, worth_of_points
from analytics.settlement import Between, SettlementRow, settlement
from api.admin.liability_reports import BasisInQuery, period_of
from api.csv_files import csv_answer
from api.dependencies import ServicesOf
from api.documented import refusals
from api.parameters import FromInQuery, InstantInQuery
from api.security.permissions import Permission, requires_permission
from api.services import Services
from api.uploads import CSV
from loyalty.accounting.roll_forward import Basis

BetweenInQuery: TypeAlias = Annotated[
    Between, QueryParameter(name="between", required=False, description="Who settles with whom.")
]

_COLUMNS: Final = ("wallet", "issued_at", "spent_at", "points", "minor")


class SettlementReport(Struct, frozen=True, kw_only=True):
    """The matrix, one row for each pair that has any points."""

    until_at: datetime
    between: str
    basis: str
    currency: str
    rows: list[SettlementRow]


class AdminSettlement(Controller):
    """Points issued here and spent there."""

    path = "/v1/admin/reports/settlement"
    tags = ("Staff: finance",)
    guards = (requires_permission(Permission.REPORTS_READ),)

    @get(
        "/",
        operation_id="getSettlement",
        summary="Points issued here and spent there",
        description=(
            "For each pair of stores or legal entities the points that one issued and the other took as payment in the "
            "period, in points and in minor units. What refunds put back is taken off. `until` is exclusive."
        ),
        responses=refusals(401, 403, 409, 422),
    )
    async def read(
        self,
        services: ServicesOf,
        from_at: FromInQuery = None,
        until: InstantInQuery = None,
        between: BetweenInQuery = "store",
        basis: BasisInQuery = "business",
    ) -> SettlementReport:
        until_at, worth, rows = await _ask(services, from_at, until, between, basis)
        return SettlementReport(until_at=until_at, between=between, basis=basis, currency=worth.currency, rows=rows)

    @get(
        "/csv",
        operation_id="getSettlementFile",
        summary="Points issued here and spent there, as CSV",
        media_type=CSV,
        responses=refusals(401, 403, 409, 422),
    )
    async def file(
        self,
        services: ServicesOf,
        from_at: FromInQuery = None,
        until: InstantInQuery = None,
        between: BetweenInQuery = "store",
        basis: BasisInQuery = "business",
    ) -> Response[str]:
        _, _, rows = await _ask(services, from_at, until, between, basis)
        cells = [[row.wallet, row.issued_at, row.spent_at, row.points, row.minor] for row in rows]
        return csv_answer(_COLUMNS, cells, name=f"settlement-between-{between}.csv")


async def _ask(
    services: Services, from_at: datetime | None, until: datetime | None, between: Between, basis: Basis
) -> tuple[datetime, Worth, list[SettlementRow]]:
    from_at, until_at = period_of(from_at, until, now=services.clock())
    worth = worth_of_points(services.programmes.at(until_at).document)
    async with services.database.read() as session:
        rows = await settlement(session, from_at=from_at, until_at=until_at, between=between, basis=basis, worth=worth)
    return until_at, worth, rows
