"""``/v1/pos/holds``: points set aside for a sale."""

from datetime import UTC, datetime
from typing import Annotated

from litestar import Controller, post
from litestar.params import JSONBody
from msgspec import Meta, Struct
from msgspec.structs import replace

from api.dependencies import ServicesOf, Terminal
from api.documented import created, write_refusals
from api.idempotency import Answered, IdempotencyKey, answer_once, canonical_body
from api.pos.baskets import Basket, to_sale
from kernel.database import WriteSession
from loyalty.holds import PlacedHold, hold_points
from loyalty.members.ids import member_public_id
from loyalty.receipts import hold_id

EPOCH = datetime.fromtimestamp(0, UTC)
"""Stands in compared bodies where a request says nothing of time."""


class HoldRequest(Basket, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A basket, and the points to set aside for it."""

    points: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    reference: Annotated[str, Meta(min_length=1, max_length=128)] | None = None
    """The till's own name for the sale."""


class HoldView(Struct, frozen=True, kw_only=True):
    """A hold. ``lines`` allocates what its points are worth: an exact sum in minor units."""

    id: str
    member_id: str
    status: str
    """``open``, ``captured``, ``voided`` or ``expired``."""
    wallet: str
    points: int
    value_minor: int
    lines: dict[str, int]
    expires_at: datetime
    balance: int
    """Of the wallet; the held points are in it."""


class HoldsController(Controller):
    path = "/v1/pos/holds"
    tags = ("Till: sales",)

    @post(
        operation_id="holdPoints",
        summary="Set points aside",
        description="For the basket of one sale. The purchase captures them; a void or the time-out gives them back.",
        responses=created(HoldView) | write_refusals(401, 403, 404, 422),
    )
    async def place(
        self, data: JSONBody[HoldRequest], caller: Terminal, services: ServicesOf, idempotency_key: IdempotencyKey
    ) -> Answered:
        sale, proof = await to_sale(services, caller, data)
        compared = {"sale": replace(sale, stated_at=EPOCH), "points": data.points, "reference": data.reference}
        body = canonical_body("holdPoints", compared)

        async def act(session: WriteSession, now: datetime) -> HoldView:
            placed = await hold_points(
                session,
                sale,
                data.points,
                proof=proof,
                reference=data.reference,
                actor=caller.actor,
                programme=services.programmes.at(now),
                now=now,
            )
            return view(placed)

        return await answer_once(services, caller, idempotency_key, body, act, rehearsal=caller.training)


def view(placed: PlacedHold) -> HoldView:
    hold = placed.hold
    return HoldView(
        id=hold_id(placed.member_id, hold.hold_no),
        member_id=member_public_id(placed.member_id),
        status=hold.status,
        wallet=hold.wallet,
        points=hold.amount,
        value_minor=hold.amount_minor,
        lines=hold.allocation,
        expires_at=hold.expires_at,
        balance=placed.balance,
    )
