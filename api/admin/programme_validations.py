"""Looking at a programme that is still a text."""

from typing import Any

from litestar import Request, post

from api.admin.programme_views import DocumentProblems
from api.dependencies import ServicesOf
from api.documented import refusals
from api.security.permissions import Permission, requires_permission
from api.uploads import YAML, YamlUpload, read_text_upload
from loyalty.programme.inspection import problems_of_yaml


@post(
    "/v1/admin/programme/validations",
    operation_id="validateProgramme",
    summary="Everything that is wrong with a programme written as YAML",
    description=(
        "Each problem with its line and column in the text, those of what cannot be read and those of what makes no "
        "sense together. Nothing is kept."
    ),
    tags=["Staff: programme"],
    status_code=200,
    operation_class=YamlUpload,
    guards=[requires_permission(Permission.PROGRAMME_READ)],
    responses=refusals(401, 403, 413, 415),
)
async def validate_programme(request: Request[Any, Any, Any], services: ServicesOf) -> DocumentProblems:
    return DocumentProblems(problems=await problems_of_yaml(await read_text_upload(request, YAML)))
