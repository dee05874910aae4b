"""Proving presence in the middle of a sale: a proof makes a member token one that may spend."""

from datetime import datetime

from litestar import post
from litestar.params import JSONBody
from msgspec import Struct
from msgspec.structs import replace

from api import fields
from api.dependencies import ServicesOf, Terminal
from api.documented import created, write_refusals
from api.idempotency import Answered, IdempotencyKey, answer_once, canonical_body, veiled
from api.pos.customers import Customer, present_customer
from api.problems import encode_refusal
from api.rate_limits import Limit, limited
from api.security.member_tokens import MemberToken, Proof, read_member_token
from api.services import Services
from kernel.database import WriteSession
from kernel.errors import UnprocessableError
from loyalty.access.codes import CodeNotAcceptedError, CodeScope, try_code
from loyalty.access.confirmations import require_confirmed
from loyalty.members.contact import address_for_codes
from loyalty.members.finding import MemberLookup, find_member, use_rotating_code
from loyalty.members.qr import QrNotAcceptedError
from loyalty.members.survivors import surviving_member
from loyalty.purchases.outcome import Repeated
from loyalty.purchases.sale import canonical

PROOFS = Limit("proofs", 60, 60)


class ProofUnclearError(UnprocessableError):
    """None of the proofs was handed in, or more than one."""

    code = "proof_unclear"
    title = "A proof is a rotating code, or a one-time code with its id, or the id of a confirmation request."


class ProofRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One proof: what the customer's phone shows, the code that was sent there, or what was confirmed in the app."""

    member_token: fields.MemberTokenText
    qr: fields.QrText | None = None
    barcode: fields.BarcodeDigits | None = None
    code_id: fields.CodeId | None = None
    code: fields.OneTimeCodeDigits | None = None
    confirmation_id: fields.CodeId | None = None


@post(
    "/v1/pos/proofs",
    operation_id="createProof",
    summary="Exchange a proof of presence for a member token that may spend",
    description=(
        "A rotating code, a one-time code or a confirmation in the app. The token is in this answer alone. A refused "
        "code or a confirmation that has not come yet (403) does not bind the key: send it again as it is."
    ),
    tags=["Till: members"],
    guards=[limited(PROOFS)],
    responses=created(Customer, "Proved. Sent again under this key it is 409: the token is not repeated.")
    | write_refusals(401, 403, 404, 422, 429),
)
async def create_proof(
    data: JSONBody[ProofRequest], caller: Terminal, services: ServicesOf, idempotency_key: IdempotencyKey
) -> Answered:
    token = read_member_token(services.signing_keys, data.member_token, caller=caller, now=services.clock())

    async def act(session: WriteSession, now: datetime) -> Customer | Repeated:
        member = await surviving_member(session, token.member_id)
        proof = await _prove(session, services, data, replace(token, member_id=member.member_id), now=now)
        if isinstance(proof, CodeNotAcceptedError):
            # The try counts, so it is committed; the refusal is no answer for good, so it binds no key.
            return Repeated(*encode_refusal(proof), same_key=True)
        return await present_customer(
            session,
            services,
            caller,
            member.member_id,
            terminal_id=token.terminal_id,
            identified_by=token.identified_by,
            proof=proof,
            now=now,
        )

    body = canonical_body("createProof", veiled(services, canonical(data).decode()))
    return await answer_once(services, caller, idempotency_key, body, act, holds_secret=True, rehearsal=caller.training)


async def _prove(
    session: WriteSession, services: Services, data: ProofRequest, token: MemberToken, *, now: datetime
) -> Proof | CodeNotAcceptedError:
    """How the member proved to be there. A refused code is a value: its try has to be committed."""
    pictured = data.qr is not None or data.barcode is not None
    coded = data.code_id is not None and data.code is not None
    asked = data.confirmation_id is not None
    if pictured + coded + asked != 1:
        raise ProofUnclearError
    if pictured:
        return await _prove_with_picture(session, services, data, token, now=now)
    if token.training:
        return "code" if coded else "app"
    if data.confirmation_id is not None:
        await require_confirmed(session, token.member_id, data.confirmation_id, terminal_id=token.terminal_id, now=now)
        return "app"
    scope = CodeScope(
        purpose="spend",
        known_by=await address_for_codes(session, token.member_id),
        member_id=token.member_id,
        terminal_id=token.terminal_id,
    )
    key = services.lookup_key
    return await try_code(session, data.code_id or "", data.code or "", scope, lookup_key=key, now=now) or "code"


async def _prove_with_picture(
    session: WriteSession, services: Services, data: ProofRequest, token: MemberToken, *, now: datetime
) -> Proof:
    """The rotating code has to be the customer's own, and to prove presence for the first time."""
    lookup = MemberLookup(qr=data.qr, barcode=data.barcode)
    key, region = services.lookup_key, services.settings.phone_region
    found = await find_member(session, lookup, lookup_key=key, phone_region=region, at=now)
    if found.member.member_id != token.member_id:
        raise QrNotAcceptedError
    if not await use_rotating_code(session, found, terminal_id=token.terminal_id, now=now):
        raise QrNotAcceptedError
    return "qr"
