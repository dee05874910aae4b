"""Confirming to a till that one is there, so that points can be spent."""

from datetime import datetime

from litestar import Controller, get, post
from litestar.params import JSONBody
from msgspec import Struct

from api import fields
from api.dependencies import Member, ServicesOf
from api.documented import created, refusals, write_refusals
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body
from api.rate_limits import Limit, limited
from kernel.database import WriteSession
from loyalty.access.confirmations import confirm, open_requests
from loyalty.members.survivors import surviving_member
from loyalty.stores import read_store

CONFIRMATIONS = Limit("confirmations", 60, 600)


class ConfirmationRequestView(Struct, frozen=True, kw_only=True):
    """A till that asks whether the member is there. Whoever is not at that store should not confirm."""

    confirmation_id: str
    store_id: str
    store_name: str
    terminal_id: str
    asked_at: datetime
    expires_at: datetime


class ConfirmationRequests(Struct, frozen=True, kw_only=True):
    """What is waiting for an answer, the latest first."""

    requests: list[ConfirmationRequestView]


class NewConfirmation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which question is answered with yes."""

    confirmation_id: fields.CodeId


class ConfirmationMade(Struct, frozen=True, kw_only=True):
    """The till may go on."""

    confirmation_id: str


class MyConfirmations(Controller):
    """Questions of tills to the signed-in member."""

    path = "/v1/me"
    tags = ("Member",)

    @get(
        "/confirmation-requests",
        operation_id="listMyConfirmationRequests",
        summary="Tills that wait for a confirmation",
        description="Asked for again while the app shows its code: a question lives for five minutes.",
        responses=refusals(401, 404),
    )
    async def list_open(self, caller: Member, services: ServicesOf) -> ConfirmationRequests:
        async with services.database.read() as session:
            member = await surviving_member(session, caller.member_id)
            asked = await open_requests(session, member.member_id, now=services.clock())
            names = {row.store_id: (await read_store(session, row.store_id)).name for row in asked}
        return ConfirmationRequests(
            requests=[
                ConfirmationRequestView(
                    confirmation_id=row.confirmation_id,
                    store_id=row.store_id,
                    store_name=names[row.store_id],
                    terminal_id=row.terminal_id,
                    asked_at=row.asked_at,
                    expires_at=row.expires_at,
                )
                for row in asked
            ]
        )

    @post(
        "/confirmations",
        operation_id="createMyConfirmation",
        summary="Confirm to a till that one is there",
        description="It proves presence for spending, to that terminal alone. Confirming twice is as once.",
        guards=[limited(CONFIRMATIONS)],
        responses=created(ConfirmationMade) | write_refusals(401, 404, 422, 429),
    )
    async def create(
        self,
        data: JSONBody[NewConfirmation],
        caller: Member,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        async def act(session: WriteSession, now: datetime) -> ConfirmationMade:
            member = await surviving_member(session, caller.member_id)
            await confirm(session, member.member_id, data.confirmation_id, now=now)
            return ConfirmationMade(confirmation_id=data.confirmation_id)

        body = canonical_body("createMyConfirmation", data)
        return await answer_once(services, caller, idempotency_key, body, act)
