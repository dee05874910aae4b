"""Published versions of the programme."""

import asyncio
from typing import Annotated, Any, Final

from litestar import Controller, Request, Response, get
from litestar.params import PathParameter

from api.admin.programme_views import VersionPage, VersionView, summarise_version, view_version
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, number_position
from api.dependencies import ServicesOf
from api.documented import NOT_MODIFIED, refusals
from api.etags import conditional
from api.security.permissions import Permission, requires_permission
from api.uploads import YAML
from loyalty.programme.decoding import decode_programme, encode_programme_yaml
from loyalty.programme.publishing import list_versions, read_version
from loyalty.programme.schema import PROGRAMME_SCHEMA

READING: Final = [requires_permission(Permission.PROGRAMME_READ)]
VersionInPath = Annotated[int, PathParameter(ge=1, le=2**53 - 1)]


class AdminVersions(Controller):
    """What the programme says, and said."""

    path = "/v1/admin/programme"
    tags = ("Staff: programme",)

    @get(
        "/schema",
        operation_id="getProgrammeSchema",
        summary="JSON Schema of a programme document",
        guards=READING,
        responses=NOT_MODIFIED | refusals(401, 403),
    )
    async def schema(self, request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        return conditional(request, PROGRAMME_SCHEMA)

    @get(
        "/versions",
        operation_id="listProgrammeVersions",
        summary="Published versions",
        guards=READING,
        responses=refusals(401, 403),
    )
    async def list_page(
        self, services: ServicesOf, cursor: PageCursor = None, limit: PageLimit = DEFAULT_PER_PAGE
    ) -> VersionPage:
        async with services.database.read() as session:
            rows = await list_versions(session, below=number_position(cursor), limit=limit + 1)
        page, following = cut(rows, limit, lambda row: row.version)
        return VersionPage(versions=[summarise_version(row) for row in page], next=following)

    @get(
        "/versions/{version:int}",
        operation_id="getProgrammeVersion",
        summary="A published version",
        guards=READING,
        responses=NOT_MODIFIED | refusals(401, 403, 404),
    )
    async def read(
        self, version: VersionInPath, request: Request[Any, Any, Any], services: ServicesOf
    ) -> Response[VersionView]:
        async with services.database.read() as session:
            row = await read_version(session, version)
        return conditional(request, view_version(row))

    @get(
        "/versions/{version:int}/yaml",
        operation_id="exportProgrammeVersion",
        summary="A published version as YAML",
        description="To be imported as a draft, here or in another installation.",
        media_type=YAML,
        guards=READING,
        responses=refusals(401, 403, 404),
    )
    async def export(self, version: VersionInPath, services: ServicesOf) -> Response[str]:
        async with services.database.read() as session:
            row = await read_version(session, version)
        text = await asyncio.to_thread(encode_programme_yaml, decode_programme(row.document))
        return Response(text, media_type=YAML)
