"""Keys of systems (web shop, billing, CRM): issued with scopes, listed, revoked."""

from datetime import datetime
from typing import Annotated

from litestar import Controller, delete, get, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from api import fields
from api.admin.keys import IssuedKeyView, KeyPage, note_issued, page_of_keys, revoke_and_note
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit
from api.dependencies import ServicesOf, Staff
from api.documented import created, refusals, write_refusals
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body
from api.parameters import CodeInPath
from api.security.permissions import Permission, requires_permission
from kernel.database import WriteSession
from loyalty.access.keys import issue_key
from loyalty.access.scopes import checked_scopes

ScopeText = Annotated[
    str, Meta(min_length=3, max_length=64, pattern="^[a-z]+:[a-z_]+$(?!\\n)", examples=["events:write"])
]


class NewSystemKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which system it is for and what it may do."""

    label: fields.Line
    scopes: Annotated[list[ScopeText], Meta(max_length=20, examples=[["events:write"]])] = []
    """``events:write``. Without any the key opens nothing."""


class AdminSystemKeys(Controller):
    """What other systems present with each request."""

    path = "/v1/admin/system-keys"
    tags = ("Staff: keys",)
    guards = (requires_permission(Permission.SYSTEM_KEYS),)

    @get(operation_id="listSystemKeys", summary="Keys of systems", responses=refusals(401, 403))
    async def list_page(
        self, services: ServicesOf, cursor: PageCursor = None, limit: PageLimit = DEFAULT_PER_PAGE
    ) -> KeyPage:
        async with services.database.read() as session:
            return await page_of_keys(session, None, cursor, limit)

    @post(
        operation_id="issueSystemKey",
        summary="Issue a key",
        description="The secret is in this answer alone.",
        responses=created(IssuedKeyView, "Issued. Sent again under this key it is 409: the secret is not repeated.")
        | write_refusals(401, 403, 422),
    )
    async def issue(
        self,
        data: JSONBody[NewSystemKey],
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        async def act(session: WriteSession, now: datetime) -> IssuedKeyView:
            scopes = checked_scopes(data.scopes)
            key = await issue_key(session, terminal_id=None, label=data.label, scopes=scopes, now=now)
            after = {"label": data.label, "scopes": scopes}
            return await note_issued(session, caller, key, "system_key.issued", after, now=now)

        body = canonical_body("issueSystemKey", data)
        return await answer_once(services, caller, idempotency_key, body, act, holds_secret=True)

    @delete(
        "/{key_id:str}",
        operation_id="revokeSystemKey",
        summary="Revoke a key",
        description="Refused within seconds, everywhere. Revoking twice is as once.",
        responses=refusals(401, 403, 404, 409),
    )
    async def revoke(self, key_id: CodeInPath, caller: Staff, services: ServicesOf) -> None:
        await revoke_and_note(services, caller, key_id, "system_key.revoked", terminal_id=None)
