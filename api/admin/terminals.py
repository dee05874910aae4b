"""Tills, web shops' checkouts and hubs: made, described, revoked."""

from datetime import datetime
from typing import Annotated, Any, Literal

from litestar import Controller, Request, Response, delete, get, patch, post
from litestar.params import JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType

from api import fields
from api.admin.views import view_of
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, text_position
from api.dependencies import ServicesOf, Staff
from api.documented import NOT_MODIFIED, created, refusals, write_refusals
from api.etags import IfMatch, conditional, etag_of_body, require_unchanged
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body
from api.parameters import CodeInPath, CodeInQuery
from api.security.permissions import Permission, requires_permission
from kernel.database import WriteSession
from loyalty.audit import record_change
from loyalty.terminals import (
    TerminalChanges,
    change_terminal,
    create_terminal,
    list_terminals,
    lock_terminal,
    read_terminal,
    revoke_terminal,
)

ActsFor = Annotated[list[fields.Code], Meta(max_length=200, examples=[["till-1", "till-2"]])]
Kind = Annotated[Literal["till", "web", "hub"], Meta(examples=["till"])]


class TerminalView(Struct, frozen=True, kw_only=True):
    """A terminal. Its keys are listed apart."""

    terminal_id: str
    store_id: str
    name: str
    kind: str
    """``till``, ``web`` or ``hub``."""
    training: bool
    """Gets real answers and writes nothing."""
    acts_for: list[str]
    """Terminals that a hub may name."""
    status: str
    """``active`` or ``revoked``."""
    created_at: datetime


class TerminalPage(Struct, frozen=True, kw_only=True):
    """Terminals by id. ``next`` is the cursor of the next page; null on the last."""

    terminals: list[TerminalView]
    next: str | None


class NewTerminal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The id is the business's own and is never used again."""

    terminal_id: fields.Code
    store_id: fields.Code
    name: fields.Line
    kind: Kind = "till"
    training: bool = False
    acts_for: ActsFor = []


class TerminalPatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays as it is."""

    name: fields.Line | UnsetType = UNSET
    training: bool | UnsetType = UNSET
    acts_for: ActsFor | UnsetType = UNSET


class AdminTerminals(Controller):
    """What the business sells with."""

    path = "/v1/admin/terminals"
    tags = ("Staff: stores",)

    @get(
        operation_id="listTerminals",
        summary="Terminals",
        guards=[requires_permission(Permission.STORES_READ)],
        responses=refusals(401, 403),
    )
    async def list_page(
        self,
        services: ServicesOf,
        store: CodeInQuery = None,
        cursor: PageCursor = None,
        limit: PageLimit = DEFAULT_PER_PAGE,
    ) -> TerminalPage:
        async with services.database.read() as session:
            rows = await list_terminals(session, store_id=store, after=text_position(cursor), limit=limit + 1)
        page, following = cut(rows, limit, lambda terminal: terminal.terminal_id)
        return TerminalPage(terminals=[view_of(terminal, TerminalView) for terminal in page], next=following)

    @get(
        "/{terminal_id:str}",
        operation_id="getTerminal",
        summary="A terminal",
        guards=[requires_permission(Permission.STORES_READ)],
        responses=NOT_MODIFIED | refusals(401, 403, 404),
    )
    async def read(
        self, terminal_id: CodeInPath, request: Request[Any, Any, Any], services: ServicesOf
    ) -> Response[TerminalView]:
        async with services.database.read() as session:
            terminal = await read_terminal(session, terminal_id)
        return conditional(request, view_of(terminal, TerminalView))

    @post(
        operation_id="createTerminal",
        summary="Set up a terminal",
        description="It needs a key before it can sign in.",
        guards=[requires_permission(Permission.STORES_WRITE)],
        responses=created(TerminalView) | write_refusals(401, 403, 404, 422),
    )
    async def create(
        self,
        data: JSONBody[NewTerminal],
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        async def act(session: WriteSession, now: datetime) -> TerminalView:
            terminal = await create_terminal(
                session,
                terminal_id=data.terminal_id,
                store_id=data.store_id,
                name=data.name,
                kind=data.kind,
                training=data.training,
                acts_for=data.acts_for,
                now=now,
            )
            view = view_of(terminal, TerminalView)
            await record_change(
                session,
                actor=caller.actor,
                action="terminal.created",
                subject=f"terminal:{terminal.terminal_id}",
                after=view,
                now=now,
            )
            return view

        return await answer_once(services, caller, idempotency_key, canonical_body("createTerminal", data), act)

    @patch(
        "/{terminal_id:str}",
        operation_id="changeTerminal",
        summary="Change a terminal",
        description="One whose powers change (training, whom it acts for) has to sign in again.",
        guards=[requires_permission(Permission.STORES_WRITE)],
        responses=write_refusals(401, 403, 404, 412, 422),
    )
    async def change(
        self,
        terminal_id: CodeInPath,
        data: JSONBody[TerminalPatch],
        caller: Staff,
        services: ServicesOf,
        if_match: IfMatch,
    ) -> Response[TerminalView]:
        now = services.clock()
        changes = TerminalChanges(name=data.name, training=data.training, acts_for=data.acts_for)
        async with services.database.write() as session:
            before = view_of(await lock_terminal(session, terminal_id), TerminalView)
            require_unchanged(if_match, before)
            after = view_of(await change_terminal(session, terminal_id, changes, now=now), TerminalView)
            await record_change(
                session,
                actor=caller.actor,
                action="terminal.changed",
                subject=f"terminal:{terminal_id}",
                before=before,
                after=after,
                now=now,
            )
            await session.commit()
        return Response(after, headers={"ETag": etag_of_body(after)})

    @delete(
        "/{terminal_id:str}",
        operation_id="revokeTerminal",
        summary="Revoke a terminal with all its keys",
        description="It stays listed, since receipts name it, and is refused from now on. Revoking twice is as once.",
        guards=[requires_permission(Permission.STORES_WRITE)],
        responses=refusals(401, 403, 404, 409),
    )
    async def revoke(self, terminal_id: CodeInPath, caller: Staff, services: ServicesOf) -> None:
        now = services.clock()
        async with services.database.write() as session:
            await revoke_terminal(session, terminal_id, now=now)
            await record_change(
                session, actor=caller.actor, action="terminal.revoked", subject=f"terminal:{terminal_id}", now=now
            )
            await session.commit()
