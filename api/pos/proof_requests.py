"""Asking a customer to prove that they are there, where no rotating code was shown: by a code, or in the app."""

from datetime import datetime

import msgspec
from litestar import Controller, post
from litestar.params import JSONBody
from msgspec import Struct

from api import fields
from api.auth.codes import CodeSent, queue_code
from api.dependencies import ServicesOf, Terminal
from api.documented import accepted, created, write_refusals
from api.idempotency import Answered, IdempotencyKey, answer_once, canonical_body, settle_once, veiled
from api.pos.sales import acting_place
from api.rate_limits import Limit, limited
from api.security.member_tokens import read_member_token
from kernel.database import WriteSession
from loyalty.access.codes import VALID_FOR, CodeScope
from loyalty.access.confirmations import ask_for_confirmation
from loyalty.masks import masked
from loyalty.members.contact import address_for_codes
from loyalty.members.survivors import surviving_member

PROOF_REQUESTS = Limit("proof_requests", 60, 60)
TRAINING_ID = "training"


class CustomerToAsk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For whom, and, since a member token is one terminal's, where."""

    member_token: fields.MemberTokenText


class ProofCodeSent(Struct, frozen=True, kw_only=True):
    """Where the code went, so that the cashier can tell the customer where to look."""

    code_id: fields.CodeId
    sent_to: str
    expires_at: datetime


class ConfirmationRequested(Struct, frozen=True, kw_only=True):
    """The question that the customer's app shows until then."""

    confirmation_id: fields.CodeId
    expires_at: datetime


class PosProofRequests(Controller):
    """Questions to a customer's phone."""

    path = "/v1/pos"
    tags = ("Till: members",)
    guards = (limited(PROOF_REQUESTS),)

    @post(
        "/proof-codes",
        operation_id="createProofCode",
        summary="Send the customer a code for spending",
        description=(
            "To the member's own phone, else e-mail. It is good at the member token's terminal alone. A repeat sends "
            "no second code. A training terminal sends none and takes any six digits."
        ),
        status_code=202,
        responses=accepted(ProofCodeSent) | write_refusals(401, 404, 422, 429),
    )
    async def create_code(
        self, data: JSONBody[CustomerToAsk], caller: Terminal, services: ServicesOf, idempotency_key: IdempotencyKey
    ) -> Answered:
        token = read_member_token(services.signing_keys, data.member_token, caller=caller, now=services.clock())
        async with services.database.read() as session:
            member = await surviving_member(session, token.member_id)
            address = await address_for_codes(session, member.member_id)

        async def act(session: WriteSession, now: datetime) -> CodeSent:
            if caller.training:
                return CodeSent(code_id=TRAINING_ID, expires_at=now + VALID_FOR)
            scope = CodeScope(
                purpose="spend", known_by=address, member_id=member.member_id, terminal_id=token.terminal_id
            )
            return await queue_code(
                session, services, scope, member_id=member.member_id, language=member.language, now=now
            )

        body = canonical_body("createProofCode", veiled(services, data.member_token))
        status, outcome = await settle_once(
            services, caller, idempotency_key, body, act, status=202, rehearsal=caller.training
        )
        if status != 202:
            return Answered(status, outcome)
        # Where it went is told anew each time: what is stored names nobody.
        code = msgspec.json.decode(outcome, type=CodeSent)
        sent = ProofCodeSent(code_id=code.code_id, sent_to=masked(address), expires_at=code.expires_at)
        return Answered(202, msgspec.json.encode(sent))

    @post(
        "/confirmation-requests",
        operation_id="createConfirmationRequest",
        summary="Ask the customer to confirm in the app",
        description=(
            "The app lists the question for five minutes; another one of this terminal takes its place. Hand its id in "
            "as a proof until the customer has confirmed. At a training terminal everybody has."
        ),
        responses=created(ConfirmationRequested) | write_refusals(401, 404, 422, 429),
    )
    async def create_confirmation_request(
        self, data: JSONBody[CustomerToAsk], caller: Terminal, services: ServicesOf, idempotency_key: IdempotencyKey
    ) -> Answered:
        token = read_member_token(services.signing_keys, data.member_token, caller=caller, now=services.clock())
        acting = acting_place(caller, token.terminal_id)

        async def act(session: WriteSession, now: datetime) -> ConfirmationRequested:
            member = await surviving_member(session, token.member_id)
            asked = await ask_for_confirmation(
                session, member.member_id, store_id=acting.store_id, terminal_id=acting.terminal_id, now=now
            )
            return ConfirmationRequested(confirmation_id=asked.confirmation_id, expires_at=asked.expires_at)

        body = canonical_body("createConfirmationRequest", veiled(services, data.member_token))
        return await answer_once(services, caller, idempotency_key, body, act, rehearsal=caller.training)
