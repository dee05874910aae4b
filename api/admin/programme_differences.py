"""What a draft or a version changes."""

from typing import Annotated, Any

from litestar import get
from litestar.params import QueryParameter
from msgspec import Meta, Struct

from api.dependencies import ServicesOf
from api.documented import refusals
from api.parameters import CodeInQuery
from api.security.permissions import Permission, requires_permission
from loyalty.programme.differences import differences
from loyalty.programme.finding import ProgrammeName, find_document

VersionInQuery = Annotated[int | None, QueryParameter(ge=1, le=2**53 - 1, required=False)]
AnyValue = Annotated[Any, Meta(examples=[5])]


class DifferenceView(Struct, frozen=True, kw_only=True):
    """One difference, with items of lists named by their code."""

    path: Annotated[str, Meta(examples=["$.earn_rules[base].formula.points"])]
    before: AnyValue
    """Null for what is new."""
    after: AnyValue
    """Null for what is gone."""


class ProgrammeDifferences(Struct, frozen=True, kw_only=True):
    """Everything that the second document says otherwise than the first, in the order of the document."""

    differences: list[DifferenceView]


@get(
    "/v1/admin/programme/differences",
    operation_id="compareProgrammes",
    summary="What differs between two documents",
    description=(
        "Each is a draft or a version; where neither is named it is the version in force. Items of lists are compared "
        "by their codes, so that moving a rule is no difference of the rule."
    ),
    tags=["Staff: programme"],
    guards=[requires_permission(Permission.PROGRAMME_READ)],
    responses=refusals(401, 403, 404, 409),
)
async def compare_programmes(
    services: ServicesOf,
    from_draft: CodeInQuery = None,
    from_version: VersionInQuery = None,
    to_draft: CodeInQuery = None,
    to_version: VersionInQuery = None,
) -> ProgrammeDifferences:
    names = (
        ProgrammeName(draft_id=from_draft, version=from_version),
        ProgrammeName(draft_id=to_draft, version=to_version),
    )
    now = services.clock()
    async with services.database.read() as session:
        before, after = [await find_document(session, name, services.programmes, now=now) for name in names]
    found = differences(before, after)
    return ProgrammeDifferences(
        differences=[DifferenceView(path=each.path, before=each.before, after=each.after) for each in found]
    )
