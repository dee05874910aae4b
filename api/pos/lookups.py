"""Who is the customer?"""

from litestar import post
from litestar.params import JSONBody
from msgspec import Struct

from api import fields
from api.dependencies import ServicesOf, Terminal
from api.documented import write_refusals
from api.pos.customers import Customer, present_customer
from api.pos.sales import acting_place
from api.rate_limits import Limit, limited
from loyalty.members.finding import MemberLookup, find_member, use_rotating_code

LOOKUPS = Limit("lookups", 120, 60)


class Lookup(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At least one; of several the first that leads to a member, in this order."""

    qr: fields.QrText | None = None
    barcode: fields.BarcodeDigits | None = None
    card: fields.Card | None = None
    phone: fields.Phone | None = None
    email: fields.Email | None = None
    external_system: fields.ExternalSystem | None = None
    external_id: fields.ExternalId | None = None
    terminal: fields.Code | None = None
    """For a hub: the terminal where the customer is."""


@post(
    "/v1/pos/lookups",
    operation_id="lookUpMember",
    summary="Find a member",
    description=(
        "By rotating code (as QR text or as the digits of the one-dimensional code), card, phone, e-mail or external "
        "id; in the body, since URLs are logged. A rotating code proves presence once; scanned again at another till "
        "it still tells who it is."
    ),
    tags=["Till: members"],
    status_code=200,
    guards=[limited(LOOKUPS)],
    responses=write_refusals(401, 404, 422, 429),
)
async def look_up_member(data: JSONBody[Lookup], caller: Terminal, services: ServicesOf) -> Customer:
    now = services.clock()
    terminal_id = acting_place(caller, data.terminal).terminal_id
    lookup = MemberLookup(
        qr=data.qr,
        barcode=data.barcode,
        card=data.card,
        phone=data.phone,
        email=data.email,
        external_system=data.external_system,
        external_id=data.external_id,
    )
    async with services.database.write() as session:
        found = await find_member(
            session, lookup, lookup_key=services.lookup_key, phone_region=services.settings.phone_region, at=now
        )
        present = await use_rotating_code(session, found, terminal_id=terminal_id, now=now)
        customer = await present_customer(
            session,
            services,
            caller,
            found.member.member_id,
            terminal_id=terminal_id,
            identified_by=found.identified_by,
            proof="qr" if present else "none",
            now=now,
        )
        if not caller.training:
            await session.commit()
    return customer
