"""Keys of terminals: issued, listed, revoked."""

from datetime import datetime

from litestar import Controller, Response, delete, get, post
from litestar.params import JSONBody
from msgspec import Struct

from api import fields
from api.admin.key_views import IssuedKeyView, KeyPage, view_key
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, text_position
from api.dependencies import ServicesOf, Staff
from api.documented import created, refusals, write_refusals
from api.idempotency import OptionalIdempotencyKey, answer_once, canonical_body
from api.parameters import CodeInPath
from api.security.permissions import Permission, requires_permission
from kernel.database import WriteSession
from loyalty.access.keys import list_keys, read_key, revoke_key
from loyalty.audit import record_change
from loyalty.terminals import issue_terminal_key, read_terminal


class NewTerminalKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the key is for, to tell it from others."""

    label: fields.Line


class AdminTerminalKeys(Controller):
    """What a terminal signs in with. Several may be good at once, so that one can replace another at leisure."""

    path = "/v1/admin/terminals/{terminal_id:str}/keys"
    tags = ("Staff: keys",)
    guards = (requires_permission(Permission.TERMINAL_KEYS),)

    @get(operation_id="listTerminalKeys", summary="A terminal's keys", responses=refusals(401, 403, 404))
    async def list_page(
        self,
        terminal_id: CodeInPath,
        services: ServicesOf,
        cursor: PageCursor = None,
        limit: PageLimit = DEFAULT_PER_PAGE,
    ) -> KeyPage:
        async with services.database.read() as session:
            await read_terminal(session, terminal_id)
            rows = await list_keys(session, terminal_id=terminal_id, after=text_position(cursor), limit=limit + 1)
        page, following = cut(rows, limit, lambda key: key.key_id)
        return KeyPage(keys=[view_key(key) for key in page], next=following)

    @post(
        operation_id="issueTerminalKey",
        summary="Issue a key",
        description="The secret is in this answer alone. Earlier keys stay good until they are revoked.",
        responses=created(IssuedKeyView, "Issued. Sent again under this key it is 409: the secret is not repeated.")
        | write_refusals(401, 403, 404, 422),
    )
    async def issue(
        self,
        terminal_id: CodeInPath,
        data: JSONBody[NewTerminalKey],
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Response[bytes]:
        async def act(session: WriteSession, now: datetime) -> IssuedKeyView:
            key = await issue_terminal_key(session, terminal_id=terminal_id, label=data.label, now=now)
            await record_change(
                session,
                actor=caller.actor,
                action="terminal_key.issued",
                subject=f"key:{key.key_id}",
                before=None,
                after={"terminal_id": terminal_id, "label": data.label},
                now=now,
            )
            return IssuedKeyView(key_id=key.key_id, secret=key.secret)

        body = canonical_body("issueTerminalKey", {"terminal_id": terminal_id, "label": data.label})
        return await answer_once(services, caller, idempotency_key, body, act, holds_secret=True)

    @delete(
        "/{key_id:str}",
        operation_id="revokeTerminalKey",
        summary="Revoke a key",
        description="Tokens it was exchanged for are refused too. Revoking twice is as once.",
        responses=refusals(401, 403, 404, 409),
    )
    async def revoke(self, terminal_id: CodeInPath, key_id: CodeInPath, caller: Staff, services: ServicesOf) -> None:
        now = services.clock()
        async with services.database.write() as session:
            await read_key(session, key_id, terminal_id=terminal_id)
            await revoke_key(session, key_id, now=now)
            await record_change(
                session,
                actor=caller.actor,
                action="terminal_key.revoked",
                subject=f"key:{key_id}",
                before=None,
                after=None,
                now=now,
            )
            await session.commit()
