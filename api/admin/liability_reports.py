"""What is owed in points, at any date, as JSON and as a file."""

from datetime import datetime
from typing import Annotated, Final, Literal, TypeAlias

from litestar import Controller, Response, get
from litestar.params import QueryParameter
from msgspec import Struct

from analytics.liability import By, Debt, Liability, LiabilityQuestion, LiabilityRow, liability
from analytics.point_value import MinorFigures, Worth, worth_of_points
from api.csv_files import Cell, csv_answer
from api.dependencies import ServicesOf
from api.documented import refusals
from api.parameters import FromInQuery, InstantInQuery, as_utc
from api.security.permissions import Permission, requires_permission
from api.services import Services
from api.uploads import CSV
from kernel.errors import UnprocessableError
from loyalty.accounting.roll_forward import BEGINNING, Basis, Figures

ByInQuery: TypeAlias = Annotated[
    By, QueryParameter(name="by", required=False, description="What rows are told apart by, besides the wallet.")
]
BasisInQuery: TypeAlias = Annotated[
    Literal["business", "recorded"],
    QueryParameter(
        name="basis",
        required=False,
        description="`business`: facts count when they happened. `recorded`: when they came into the books.",
    ),
]


class PeriodBackwardsError(UnprocessableError):
    """The period ends before it begins."""

    code = "period_backwards"
    title = "A period begins before it ends."


class LiabilityReport(Struct, frozen=True, kw_only=True):
    """A roll-forward. ``from`` is null when it begins with the books."""

    from_at: datetime | None
    until_at: datetime
    by: str
    basis: str
    currency: str
    rows: list[LiabilityRow]
    totals: list[LiabilityRow]
    """By wallet."""
    debts: list[Debt]
    """What members owe at the end, by wallet. It is not taken off the liability."""


class AdminLiability(Controller):
    """What is owed in points."""

    path = "/v1/admin/reports/liability"
    tags = ("Staff: finance",)
    guards = (requires_permission(Permission.REPORTS_READ),)

    @get(
        "/",
        operation_id="getLiability",
        summary="Points owed, as a roll-forward",
        description=(
            "Opening, what came and went by kind, closing: by wallet, and by the store that issued the points, its "
            "legal entity, or the month in which they expire. `until` is exclusive; without it up to now. What has "
            "become due counts, whether it has been booked or not."
        ),
        responses=refusals(401, 403, 409, 422),
    )
    async def read(
        self,
        services: ServicesOf,
        from_at: FromInQuery = None,
        until: InstantInQuery = None,
        by: ByInQuery = "wallet",
        basis: BasisInQuery = "business",
    ) -> LiabilityReport:
        asked, worth, found = await _ask(services, from_at, until, by, basis)
        return LiabilityReport(
            from_at=None if asked.from_at == BEGINNING else asked.from_at,
            until_at=asked.until_at,
            by=by,
            basis=basis,
            currency=worth.currency,
            rows=found.rows,
            totals=found.totals,
            debts=found.debts,
        )

    @get(
        "/csv",
        operation_id="getLiabilityFile",
        summary="Points owed, as CSV",
        description="The rows of `getLiability`, with each figure in points and in minor units.",
        media_type=CSV,
        responses=refusals(401, 403, 409, 422),
    )
    async def file(
        self,
        services: ServicesOf,
        from_at: FromInQuery = None,
        until: InstantInQuery = None,
        by: ByInQuery = "wallet",
        basis: BasisInQuery = "business",
    ) -> Response[str]:
        _, _, found = await _ask(services, from_at, until, by, basis)
        return csv_answer(LIABILITY_COLUMNS, map(liability_cells, found.rows), name=f"liability-by-{by}.csv")


LIABILITY_COLUMNS: Final = (
    "wallet",
    "group",
    *Figures.__struct_fields__,
    *(f"{name}_minor" for name in MinorFigures.__struct_fields__),
)


def liability_cells(row: LiabilityRow) -> list[Cell]:
    """The row under ``LIABILITY_COLUMNS``."""
    points = [getattr(row.points, name) for name in Figures.__struct_fields__]
    minor = [None if row.minor is None else getattr(row.minor, name) for name in MinorFigures.__struct_fields__]
    return [row.wallet, row.group, *points, *minor]


async def _ask(
    services: Services, from_at: datetime | None, until: datetime | None, by: By, basis: Basis
) -> tuple[LiabilityQuestion, Worth, Liability]:
    now = services.clock()
    from_at, until_at = period_of(from_at, until, now=now)
    asked = LiabilityQuestion(
        from_at=from_at, until_at=until_at, by=by, basis=basis, zone=services.settings.accounting_zone
    )
    worth = worth_of_points(services.programmes.at(until_at).document)
    async with services.database.read() as session:
        return asked, worth, await liability(session, asked, worth=worth, now=now)


def period_of(from_at: datetime | None, until: datetime | None, *, now: datetime) -> tuple[datetime, datetime]:
    """Both ends in UTC: from the beginning and until now where none is given. Raises ``PeriodBackwardsError``."""
    from_at, until_at = as_utc(from_at, "from") or BEGINNING, as_utc(until, "until") or now
    if from_at > until_at:
        raise PeriodBackwardsError
    return from_at, until_at
