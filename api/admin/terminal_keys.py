"""Keys of terminals: issued, listed, revoked."""

from datetime import datetime

from litestar import Controller, delete, get, post
from litestar.params import JSONBody
from msgspec import Struct

from api import fields
from api.admin.keys import IssuedKeyView, KeyPage, note_issued, page_of_keys, revoke_and_note
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit
from api.dependencies import ServicesOf, Staff
from api.documented import created, refusals, write_refusals
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body
from api.parameters import CodeInPath
from api.security.permissions import Permission, requires_permission
from kernel.database import WriteSession
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
            return await page_of_keys(session, terminal_id, cursor, limit)

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
    ) -> Answered:
        async def act(session: WriteSession, now: datetime) -> IssuedKeyView:
            key = await issue_terminal_key(session, terminal_id=terminal_id, label=data.label, now=now)
            after = {"terminal_id": terminal_id, "label": data.label}
            return await note_issued(session, caller, key, "terminal_key.issued", after, now=now)

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
        await revoke_and_note(services, caller, key_id, "terminal_key.revoked", terminal_id=terminal_id)
