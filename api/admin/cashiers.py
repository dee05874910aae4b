"""Cashiers: taken on, given a new PIN, gone."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Controller, Request, Response, delete, get, post, put
from litestar.params import JSONBody
from msgspec import Meta, Struct

from api import fields
from api.admin.views import view_of
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, text_position
from api.dependencies import ServicesOf, Staff
from api.documented import NOT_MODIFIED, created, refusals, write_refusals
from api.etags import conditional
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body, veiled
from api.parameters import CodeInPath, CodeInQuery
from api.security.permissions import Permission, requires_permission
from kernel.database import WriteSession
from loyalty.audit import record_change
from loyalty.cashiers import create_cashier, dismiss_cashier, list_cashiers, read_cashier, reset_pin

Pin = Annotated[str, Meta(min_length=4, max_length=12, pattern="^[0-9]+$(?!\\n)", examples=["4815"])]


class CashierView(Struct, frozen=True, kw_only=True):
    """A person at the tills."""

    cashier_id: str
    store_id: str | None
    """Null: any store."""
    name: str
    status: str
    """``active`` or ``left``."""
    locked_until: datetime | None
    """After too many wrong PINs."""
    created_at: datetime


class CashierPage(Struct, frozen=True, kw_only=True):
    """Cashiers by id, those who left too. ``next`` is the cursor of the next page; null on the last."""

    cashiers: list[CashierView]
    next: str | None


class CashierMade(Struct, frozen=True, kw_only=True):
    """The new cashier."""

    cashier_id: str


class NewCashier(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The id is the business's own and is never used again."""

    cashier_id: fields.Code
    name: fields.Line
    pin: Pin
    store_id: fields.Code | None = None


class NewPin(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Four to twelve digits."""

    pin: Pin


class AdminCashiers(Controller):
    """Who stands at the tills."""

    path = "/v1/admin/cashiers"
    tags = ("Staff: people",)
    guards = (requires_permission(Permission.CASHIERS_WRITE),)

    @get(operation_id="listCashiers", summary="Cashiers", responses=refusals(401, 403))
    async def list_page(
        self,
        services: ServicesOf,
        store: CodeInQuery = None,
        cursor: PageCursor = None,
        limit: PageLimit = DEFAULT_PER_PAGE,
    ) -> CashierPage:
        async with services.database.read() as session:
            rows = await list_cashiers(session, store_id=store, after=text_position(cursor), limit=limit + 1)
        page, following = cut(rows, limit, lambda cashier: cashier.cashier_id)
        return CashierPage(cashiers=[view_of(cashier, CashierView) for cashier in page], next=following)

    @get(
        "/{cashier_id:str}",
        operation_id="getCashier",
        summary="A cashier",
        responses=NOT_MODIFIED | refusals(401, 403, 404),
    )
    async def read(
        self, cashier_id: CodeInPath, request: Request[Any, Any, Any], services: ServicesOf
    ) -> Response[CashierView]:
        async with services.database.read() as session:
            cashier = await read_cashier(session, cashier_id)
        return conditional(request, view_of(cashier, CashierView))

    @post(
        operation_id="createCashier",
        summary="Take on a cashier",
        responses=created(CashierMade) | write_refusals(401, 403, 404, 422),
    )
    async def create(
        self,
        data: JSONBody[NewCashier],
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        async def act(session: WriteSession, now: datetime) -> CashierMade:
            cashier = await create_cashier(
                session, cashier_id=data.cashier_id, store_id=data.store_id, name=data.name, pin=data.pin, now=now
            )
            await record_change(
                session,
                actor=caller.actor,
                action="cashier.created",
                subject=f"cashier:{cashier.cashier_id}",
                after=view_of(cashier, CashierView),
                now=now,
            )
            return CashierMade(cashier_id=cashier.cashier_id)

        kept = {
            "cashier_id": data.cashier_id,
            "store_id": data.store_id,
            "name": veiled(services, data.name),
            "pin": veiled(services, data.pin),
        }
        return await answer_once(services, caller, idempotency_key, canonical_body("createCashier", kept), act)

    @put(
        "/{cashier_id:str}/pin",
        operation_id="resetCashierPin",
        summary="Set a new PIN",
        description="Ends a lock-out, and signs out whoever signed in with the old one.",
        status_code=204,
        responses=write_refusals(401, 403, 404, 422),
    )
    async def reset_pin(
        self, cashier_id: CodeInPath, data: JSONBody[NewPin], caller: Staff, services: ServicesOf
    ) -> None:
        now = services.clock()
        async with services.database.write() as session:
            await reset_pin(session, cashier_id, pin=data.pin, now=now)
            await record_change(
                session, actor=caller.actor, action="cashier.pin_reset", subject=f"cashier:{cashier_id}", now=now
            )
            await session.commit()

    @delete(
        "/{cashier_id:str}",
        operation_id="dismissCashier",
        summary="Note that a cashier has left",
        description="They cannot sign in any more; what they sold keeps their id.",
        responses=refusals(401, 403, 404, 409),
    )
    async def dismiss(self, cashier_id: CodeInPath, caller: Staff, services: ServicesOf) -> None:
        now = services.clock()
        async with services.database.write() as session:
            await dismiss_cashier(session, cashier_id, now=now)
            await record_change(
                session, actor=caller.actor, action="cashier.left", subject=f"cashier:{cashier_id}", now=now
            )
            await session.commit()
