"""The catalogue: searched, and imported piece by piece or from a file."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from litestar import Controller, Request, Response, get, put
from litestar.params import JSONBody, PathParameter
from msgspec import Meta, Struct

from api import fields
from api.callers import StaffCaller
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, text_position
from api.dependencies import ServicesOf, Staff
from api.documented import NOT_MODIFIED, refusals, write_refusals
from api.etags import conditional
from api.parameters import TextInQuery
from api.security.permissions import Permission, requires_permission
from api.services import Services
from api.uploads import CSV, CsvUpload, read_upload
from kernel.errors import UnprocessableError
from loyalty.audit import record_change
from loyalty.catalogue import CatalogueEntry, CatalogueFilter, import_catalogue, list_items, read_item
from loyalty.catalogue_checks import entry_problems
from loyalty.catalogue_files import MOST_PROBLEMS, read_catalogue_file
from loyalty.models import CatalogueItem

MOST_ITEMS: Final = 500
MAX_FILE_BYTES: Final = 4 * 1024 * 1024

SkuInPath = Annotated[str, PathParameter(min_length=1, max_length=64, pattern="^[^\\u0000-\\u001f\\u007f/]+$(?!\\n)")]


class CatalogueInvalidError(UnprocessableError):
    """Some items cannot be, each listed with its place among them. Nothing was imported."""

    code = "catalogue_invalid"
    title = "Some items cannot be imported."


class ItemView(Struct, frozen=True, kw_only=True):
    """What a SKU is."""

    sku: str
    names: dict[str, str]
    """By language."""
    category: str
    """Path with slashes, the widest first."""
    brand: str
    tags: list[str]
    updated_at: datetime


class ItemPage(Struct, frozen=True, kw_only=True):
    """Items by SKU. ``next`` is the cursor of the next page; null on the last."""

    items: list[ItemView]
    next: str | None


class NewItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a SKU is from now on. Sales that were recorded keep what it was."""

    sku: fields.Sku
    names: Annotated[dict[str, str], Meta(max_length=50, examples=[{"en": "Espresso", "ru": "Эспрессо"}])] = {}
    category: Annotated[str, Meta(max_length=256, examples=["drinks/coffee"])] = ""
    brand: Annotated[str, Meta(max_length=128, examples=["Own"])] = ""
    tags: Annotated[tuple[str, ...], Meta(max_length=50, examples=[["hot"]])] = ()


class NewItems(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Items to add or to replace; others stay as they are."""

    items: Annotated[list[NewItem], Meta(min_length=1, max_length=MOST_ITEMS)]


class CatalogueImported(Struct, frozen=True, kw_only=True):
    """What an import did."""

    items: int
    """That were sent."""
    changed: int
    """That are new or different."""


class AdminCatalogue(Controller):
    """What the business sells."""

    path = "/v1/admin/catalogue"
    tags = ("Staff: catalogue",)

    @get(
        "/items",
        operation_id="listCatalogueItems",
        summary="Search the catalogue",
        description="`q` is how a SKU begins or a part of any name; `category` includes its sub-categories.",
        guards=[requires_permission(Permission.STORES_READ)],
        responses=refusals(401, 403),
    )
    async def list_page(
        self,
        services: ServicesOf,
        q: TextInQuery = None,
        category: TextInQuery = None,
        brand: TextInQuery = None,
        cursor: PageCursor = None,
        limit: PageLimit = DEFAULT_PER_PAGE,
    ) -> ItemPage:
        wanted = CatalogueFilter(words=q, category=category, brand=brand)
        async with services.database.read() as session:
            rows = await list_items(session, wanted, after=text_position(cursor), limit=limit + 1)
        page, following = cut(rows, limit, lambda item: item.sku)
        return ItemPage(items=[_view(item) for item in page], next=following)

    @get(
        "/items/{sku:str}",
        operation_id="getCatalogueItem",
        summary="An item",
        guards=[requires_permission(Permission.STORES_READ)],
        responses=NOT_MODIFIED | refusals(401, 403, 404),
    )
    async def read(self, sku: SkuInPath, request: Request[Any, Any, Any], services: ServicesOf) -> Response[ItemView]:
        async with services.database.read() as session:
            item = await read_item(session, sku)
        return conditional(request, _view(item))

    @put(
        "/items",
        operation_id="putCatalogueItems",
        summary="Add or replace items",
        description=f"Up to {MOST_ITEMS}, all or none. Sending them again changes nothing.",
        guards=[requires_permission(Permission.CATALOGUE_WRITE)],
        responses=write_refusals(401, 403, 422),
    )
    async def put_items(self, data: JSONBody[NewItems], caller: Staff, services: ServicesOf) -> CatalogueImported:
        entries = [
            CatalogueEntry(
                sku=item.sku, names=item.names, category=item.category, brand=item.brand, tags=tuple(item.tags)
            )
            for item in data.items
        ]
        _check(entries)
        return await _import(services, caller, entries)

    @put(
        "/file",
        operation_id="importCatalogueFile",
        summary="Add or replace items from a CSV file",
        description=(
            "UTF-8, at most 4 MiB and 50,000 items, all or none. Columns: `sku`, `category`, `brand`, `tags` (joined "
            "by `|`), and `name:<language>`. Problems are listed with their line numbers."
        ),
        operation_class=CsvUpload,
        request_max_body_size=MAX_FILE_BYTES,
        guards=[requires_permission(Permission.CATALOGUE_WRITE)],
        responses=write_refusals(401, 403, 415, 422),
    )
    async def put_file(self, request: Request[Any, Any, Any], caller: Staff, services: ServicesOf) -> CatalogueImported:
        content = await read_upload(request, CSV)
        # In a thread: a large file takes a second to read, in which tills must be answered.
        entries = await asyncio.to_thread(read_catalogue_file, content)
        return await _import(services, caller, entries)


async def _import(services: Services, caller: StaffCaller, entries: Sequence[CatalogueEntry]) -> CatalogueImported:
    now = services.clock()
    async with services.database.write() as session:
        # In one order everywhere, so that two imports that share items never wait for each other in a ring.
        changed = await import_catalogue(session, sorted(entries, key=lambda entry: entry.sku), now=now)
        outcome = CatalogueImported(items=len(entries), changed=changed)
        await record_change(
            session, actor=caller.actor, action="catalogue.imported", subject="catalogue", after=outcome, now=now
        )
        await session.commit()
    return outcome


def _check(entries: Sequence[CatalogueEntry]) -> None:
    problems = [
        {"at": f"items[{place}].{field}", "message": message}
        for place, entry in enumerate(entries)
        for field, message in entry_problems(entry)
    ]
    seen: set[str] = set()
    for place, entry in enumerate(entries):
        if entry.sku in seen:
            problems.append({"at": f"items[{place}].sku", "message": "stands before already"})
        seen.add(entry.sku)
    if problems:
        raise CatalogueInvalidError(None, problems=problems[:MOST_PROBLEMS])


def _view(item: CatalogueItem) -> ItemView:
    return ItemView(
        sku=item.sku,
        names=item.names,
        category=item.category,
        brand=item.brand,
        tags=list(item.tags),
        updated_at=item.updated_at,
    )
