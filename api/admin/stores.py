"""Stores: made, described, closed."""

from datetime import datetime
from typing import Any, Literal

from litestar import Controller, Request, Response, get, patch, post
from litestar.params import JSONBody
from msgspec import UNSET, Struct, UnsetType

from api import fields
from api.admin.views import view_of
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, text_position
from api.dependencies import ServicesOf, Staff
from api.documented import NOT_MODIFIED, created, refusals, write_refusals
from api.etags import IfMatch, conditional, etag_of_body, require_unchanged
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body
from api.parameters import CodeInPath
from api.security.permissions import Permission, requires_permission
from kernel.database import WriteSession
from loyalty.audit import record_change
from loyalty.stores import StoreChanges, change_store, create_store, list_stores, lock_store, read_store


class StoreView(Struct, frozen=True, kw_only=True):
    """A shop, or the web shop."""

    store_id: str
    name: str
    zone: str
    """IANA name: gives its receipts their local day."""
    currency: str
    """ISO 4217; the only one it sells in."""
    legal_entity: str
    status: str
    """``open`` or ``closed``."""
    created_at: datetime


class StorePage(Struct, frozen=True, kw_only=True):
    """Stores by id. ``next`` is the cursor of the next page; null on the last."""

    stores: list[StoreView]
    next: str | None


class NewStore(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The id is the business's own and is never used again."""

    store_id: fields.Code
    name: fields.Line
    zone: fields.Zone
    currency: fields.Currency
    legal_entity: fields.LegalEntity


class StorePatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays as it is. Zone: for receipts that come from now on."""

    name: fields.Line | UnsetType = UNSET
    zone: fields.Zone | UnsetType = UNSET
    legal_entity: fields.LegalEntity | UnsetType = UNSET
    status: Literal["open", "closed"] | UnsetType = UNSET


class AdminStores(Controller):
    """Where the business sells."""

    path = "/v1/admin/stores"
    tags = ("Staff: stores",)

    @get(
        operation_id="listStores",
        summary="Stores",
        guards=[requires_permission(Permission.STORES_READ)],
        responses=refusals(401, 403),
    )
    async def list_page(
        self, services: ServicesOf, cursor: PageCursor = None, limit: PageLimit = DEFAULT_PER_PAGE
    ) -> StorePage:
        async with services.database.read() as session:
            rows = await list_stores(session, after=text_position(cursor), limit=limit + 1)
        page, following = cut(rows, limit, lambda store: store.store_id)
        return StorePage(stores=[view_of(store, StoreView) for store in page], next=following)

    @get(
        "/{store_id:str}",
        operation_id="getStore",
        summary="A store",
        guards=[requires_permission(Permission.STORES_READ)],
        responses=NOT_MODIFIED | refusals(401, 403, 404),
    )
    async def read(
        self, store_id: CodeInPath, request: Request[Any, Any, Any], services: ServicesOf
    ) -> Response[StoreView]:
        async with services.database.read() as session:
            store = await read_store(session, store_id)
        return conditional(request, view_of(store, StoreView))

    @post(
        operation_id="createStore",
        summary="Open a store",
        guards=[requires_permission(Permission.STORES_WRITE)],
        responses=created(StoreView) | write_refusals(401, 403, 422),
    )
    async def create(
        self,
        data: JSONBody[NewStore],
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        async def act(session: WriteSession, now: datetime) -> StoreView:
            store = await create_store(
                session,
                store_id=data.store_id,
                name=data.name,
                zone=data.zone,
                currency=data.currency,
                legal_entity=data.legal_entity,
                now=now,
            )
            view = view_of(store, StoreView)
            await record_change(
                session,
                actor=caller.actor,
                action="store.created",
                subject=f"store:{store.store_id}",
                after=view,
                now=now,
            )
            return view

        return await answer_once(services, caller, idempotency_key, canonical_body("createStore", data), act)

    @patch(
        "/{store_id:str}",
        operation_id="changeStore",
        summary="Change or close a store",
        guards=[requires_permission(Permission.STORES_WRITE)],
        responses=write_refusals(401, 403, 404, 412, 422),
    )
    async def change(
        self,
        store_id: CodeInPath,
        data: JSONBody[StorePatch],
        caller: Staff,
        services: ServicesOf,
        if_match: IfMatch,
    ) -> Response[StoreView]:
        changes = StoreChanges(name=data.name, zone=data.zone, legal_entity=data.legal_entity, status=data.status)
        now = services.clock()
        async with services.database.write() as session:
            before = view_of(await lock_store(session, store_id), StoreView)
            require_unchanged(if_match, before)
            after = view_of(await change_store(session, store_id, changes, now=now), StoreView)
            await record_change(
                session,
                actor=caller.actor,
                action="store.changed",
                subject=f"store:{store_id}",
                before=before,
                after=after,
                now=now,
            )
            await session.commit()
        return Response(after, headers={"ETag": etag_of_body(after)})
