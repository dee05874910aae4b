"""Bodies that are no JSON: how they are read, and how they are written into the OpenAPI document."""

from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.exceptions import ClientException, HTTPException
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema

CSV = "text/csv"
YAML = "application/yaml"

_PROGRAMME = """\
name: Coffee
currency: EUR
fallback_language: en
wallets:
  - code: points
    names: {en: {one: point, other: points}}
primary_wallet: points
earn_rules:
  - code: base
    names: {en: Points}
    formula: {kind: rate, points: 1, per_minor: 100}
"""


async def read_upload(request: Request[Any, Any, Any], media_type: str) -> bytes:
    """The body. Answers 415 to another media type, and 413 beyond the route's own limit."""
    if request.content_type[0] != media_type:
        raise HTTPException(status_code=415, detail=f"The body is {media_type}.")
    return await request.body()


async def read_text_upload(request: Request[Any, Any, Any], media_type: str) -> str:
    """The body as text. Answers 400 to what is not UTF-8."""
    try:
        return (await read_upload(request, media_type)).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ClientException("The body is not UTF-8.") from None


@dataclass
class CsvUpload(Operation):
    """An operation whose body is a CSV file."""

    def __post_init__(self) -> None:
        self.request_body = _body(CSV, "sku,name:en,category,brand,tags\nespresso,Espresso,drinks/coffee,,hot|strong\n")


@dataclass
class MembersUpload(Operation):
    """An operation whose body is a CSV file of members."""

    def __post_init__(self) -> None:
        self.request_body = _body(CSV, "member_id\nmem_2ka9-e5\n")


@dataclass
class CouponsUpload(Operation):
    """An operation whose body is a CSV file of codes."""

    def __post_init__(self) -> None:
        self.request_body = _body(CSV, "code\nCINEMA-7K2M-94QX\n")


@dataclass
class ImportUpload(Operation):
    """An operation whose body is a CSV file of another system."""

    def __post_init__(self) -> None:
        self.request_body = _body(CSV, "external_id,phone\nc-1,+79990000001\n")


@dataclass
class YamlUpload(Operation):
    """An operation whose body is a YAML document."""

    def __post_init__(self) -> None:
        self.request_body = _body(YAML, _PROGRAMME)


def _body(media_type: str, example: str) -> RequestBody:
    schema = Schema(type=OpenAPIType.STRING, examples=[example])
    return RequestBody(content={media_type: OpenAPIMediaType(schema=schema)}, required=True)
