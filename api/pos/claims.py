"""Late claims, at a till and in the app: a guest's receipt becomes a member's by its printed code."""

import secrets
from datetime import datetime
from typing import Annotated

from litestar import post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from api.callers import MemberCaller, TerminalCaller
from api.dependencies import Member, ServicesOf, Terminal
from api.documented import created, write_refusals
from api.idempotency import Answered, IdempotencyKey, OptionalIdempotencyKey, answer_once, canonical_body, veiled
from api.pos.posting import document_to_print
from api.pos.receipts import PurchaseReceipt, purchase_receipt
from api.pos.sales import MemberRef, resolve_reference
from api.rate_limits import Limit, limited
from api.services import Services
from kernel.database import WriteSession
from loyalty.answers import KeyId
from loyalty.members.ids import MemberNotFoundError
from loyalty.purchases.claiming import claim_receipt

CLAIMS_AT_TILL = Limit("claims_at_till", 60, 600)
CLAIMS_OF_MEMBER = Limit("claims_of_member", 20, 3_600)
"""A code has 59 bits: at this pace nobody meets one of a million receipts within the age of the universe."""

ClaimCode = Annotated[str, Meta(min_length=12, max_length=32, examples=["7K2M-QX4T-9B8D"])]


class ClaimRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The code as it is printed; case, spaces and dashes do not matter."""

    claim_code: ClaimCode


class ClaimAtTillRequest(ClaimRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For whom the receipt is claimed."""

    member: MemberRef
    print: bool = False


@post(
    "/v1/pos/claims",
    operation_id="claimReceiptAtTill",
    summary="Claim a guest's receipt for a member",
    tags=["Till: sales"],
    guards=[limited(CLAIMS_AT_TILL)],
    responses=created(PurchaseReceipt) | write_refusals(401, 404, 422, 429),
)
async def claim_at_till(
    data: JSONBody[ClaimAtTillRequest], caller: Terminal, services: ServicesOf, idempotency_key: IdempotencyKey
) -> Answered:
    member_id, _ = await resolve_reference(services, caller, data.member, at=services.clock())
    if member_id is None:
        raise MemberNotFoundError
    return await _claim(services, caller, idempotency_key, data.claim_code, member_id, prints=data.print)


@post(
    "/v1/me/claims",
    operation_id="claimMyReceipt",
    summary="Claim the receipt of a sale that was made without the card",
    tags=["Member: points"],
    guards=[limited(CLAIMS_OF_MEMBER)],
    responses=created(PurchaseReceipt) | write_refusals(401, 404, 422, 429),
)
async def claim_in_app(
    data: JSONBody[ClaimRequest], caller: Member, services: ServicesOf, idempotency_key: OptionalIdempotencyKey = None
) -> Answered:
    key = idempotency_key or secrets.token_hex(16)
    return await _claim(services, caller, key, data.claim_code, caller.member_id)


async def _claim(
    services: Services,
    caller: TerminalCaller | MemberCaller,
    key: str,
    claim_code: str,
    member_id: int,
    *,
    prints: bool = False,
) -> Answered:
    """Record the claim once. The stored request holds the code veiled: a refused code may be another receipt's."""
    body = canonical_body("claimReceipt", {"claim_code": veiled(services, claim_code), "member_id": member_id})

    async def act(session: WriteSession, now: datetime) -> PurchaseReceipt:
        recorded = await claim_receipt(
            session,
            claim_code,
            member_id,
            key=KeyId(caller.client, key),
            actor=caller.actor,
            programmes=services.programmes,
            now=now,
        )
        return purchase_receipt(recorded, document_to_print(services, recorded, prints=prints))

    rehearsal = isinstance(caller, TerminalCaller) and caller.training
    return await answer_once(services, caller, key, body, act, rehearsal=rehearsal)
