"""Proving presence with a one-time code, where the customer has no rotating code to show."""

from datetime import datetime

from litestar import Controller, post
from litestar.params import JSONBody
from msgspec import Struct

from api import fields
from api.auth.codes import send
from api.dependencies import ServicesOf, Terminal
from api.documented import write_refusals
from api.pos.customers import Customer, present_customer
from api.rate_limits import Limit, limited
from api.security.member_tokens import read_member_token
from loyalty.access.codes import VALID_FOR, CodeScope, try_code
from loyalty.masks import masked
from loyalty.members.contact import address_for_codes
from loyalty.members.survivors import surviving_member

PROOFS = Limit("proofs", 60, 60)


class ProofCodeRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For whom."""

    member_token: fields.MemberTokenText


class ProofCodeSent(Struct, frozen=True, kw_only=True):
    """Where the code went, so that the cashier can tell the customer where to look."""

    code_id: fields.CodeId
    sent_to: str
    expires_at: datetime


class ProofRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The code that the customer reads out."""

    member_token: fields.MemberTokenText
    code_id: fields.CodeId
    code: fields.OneTimeCodeDigits


class PosProofs(Controller):
    """Proofs of presence at a till."""

    path = "/v1/pos"
    tags = ("Till: members",)
    guards = (limited(PROOFS),)

    @post(
        "/proof-codes",
        operation_id="createProofCode",
        summary="Send the customer a code for spending",
        description=(
            "To the member's own phone, else e-mail. It is good at this terminal alone. A training terminal sends none "
            "and takes any six digits."
        ),
        status_code=202,
        responses=write_refusals(401, 404, 422, 429),
    )
    async def create_code(
        self, data: JSONBody[ProofCodeRequest], caller: Terminal, services: ServicesOf
    ) -> ProofCodeSent:
        token = read_member_token(services.signing_keys, data.member_token, caller=caller, now=services.clock())
        async with services.database.read() as session:
            member = await surviving_member(session, token.member_id)
            address = await address_for_codes(session, member.member_id)
        if caller.training:
            expires_at = services.clock() + VALID_FOR
            return ProofCodeSent(code_id="training", sent_to=masked(address), expires_at=expires_at)
        scope = CodeScope(purpose="spend", known_by=address, member_id=member.member_id, terminal_id=caller.terminal_id)
        sent = await send(services, scope, member_id=member.member_id, language=member.language)
        return ProofCodeSent(code_id=sent.code_id, sent_to=masked(address), expires_at=sent.expires_at)

    @post(
        "/proofs",
        operation_id="createProof",
        summary="Exchange the code for a member token that may spend",
        responses=write_refusals(401, 403, 404, 422, 429),
    )
    async def create(self, data: JSONBody[ProofRequest], caller: Terminal, services: ServicesOf) -> Customer:
        now = services.clock()
        token = read_member_token(services.signing_keys, data.member_token, caller=caller, now=now)
        async with services.database.write() as session:
            member = await surviving_member(session, token.member_id)
            if not caller.training:
                scope = CodeScope(
                    purpose="spend",
                    known_by=await address_for_codes(session, member.member_id),
                    member_id=member.member_id,
                    terminal_id=caller.terminal_id,
                )
                key = services.lookup_key
                refusal = await try_code(session, data.code_id, data.code, scope, lookup_key=key, now=now)
                await session.commit()
                if refusal is not None:
                    raise refusal
            return await present_customer(
                session,
                services,
                caller,
                member.member_id,
                identified_by=token.identified_by,
                proof="code",
                now=now,
            )
