"""Finding a receipt from any store: by its public id, or by what is printed on it."""

from typing import Annotated

from litestar import get, post
from litestar.params import JSONBody, PathParameter
from msgspec import Meta, Struct

from api.dependencies import ServicesOf, Terminal
from api.documented import refusals
from api.languages import AcceptLanguage
from api.pos.receipt_views import (
    BookedReceipt,
    ReceiptNotFoundError,
    show_purchase,
    show_refund,
    show_registered,
)
from api.pos.sales import receipt_key_at
from kernel.database import driver
from loyalty.purchases.sale import Code, ReceiptRef
from loyalty.receipts import find_receipts, member_and_number

ReceiptInPath = Annotated[str, PathParameter(description="Public id: `pur_...` or `ref_...`", max_length=64)]


class ReceiptSearch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the receipt says of itself. Store and terminal default to the caller's, the store of a terminal that a
    hub acts for to that terminal's."""

    receipt: ReceiptRef
    store: Code | None = None
    terminal: Code | None = None
    kind: Annotated[str, Meta(pattern=r"^(sale|refund)$(?!\n)", examples=["sale"])] = "sale"
    """Which receipt: that of a ``sale``, or that of a ``refund``."""


@get(
    "/v1/pos/receipts/{receipt_id:str}",
    operation_id="getReceipt",
    summary="A receipt by its id",
    description="From any store: lines, what came back, points, and what each rule of its version did and why.",
    tags=["Till: receipts"],
    responses=refusals(401, 404),
)
async def read_receipt(
    receipt_id: ReceiptInPath, caller: Terminal, services: ServicesOf, accept_language: AcceptLanguage = None
) -> BookedReceipt:
    async with services.database.read() as session:
        if (key := member_and_number("pur", receipt_id)) is not None:
            return await show_purchase(services, session, key, accept_language)
        if (key := member_and_number("ref", receipt_id)) is not None:
            return await show_refund(services, session, key, accept_language)
    raise ReceiptNotFoundError


@post(
    "/v1/pos/receipt-searches",
    operation_id="findReceipt",
    summary="A receipt by what is printed on it",
    description="The same by number and date or shift, or by fiscal identifier. Guests' receipts are found too.",
    tags=["Till: receipts"],
    status_code=200,
    responses=refusals(401, 404, 413),
)
async def search_receipt(
    data: JSONBody[ReceiptSearch], caller: Terminal, services: ServicesOf, accept_language: AcceptLanguage = None
) -> BookedReceipt:
    key = receipt_key_at(caller, caller.place, store=data.store, terminal=data.terminal, receipt=data.receipt)
    if data.kind == "refund":
        key = f"refund/{key}"
    async with services.database.read() as session:
        found = (await find_receipts(await driver(session), [key])).get(key)
        if found is None:
            raise ReceiptNotFoundError
        return await show_registered(services, session, key, found, accept_language)
