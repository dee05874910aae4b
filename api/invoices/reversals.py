"""Billing takes back: a payment that bounced, an invoice that should not have been."""

from datetime import datetime
from typing import Annotated, TypeAlias

from litestar import post
from litestar.params import JSONBody, PathParameter
from msgspec import Struct

from api import fields
from api.dependencies import ServicesOf, System
from api.documented import created, write_refusals
from api.idempotency import Answered, IdempotencyKey, answer_once, canonical_body
from api.invoice_views import BilledInvoice, InvoiceInPath, read_billed
from api.security.scopes import requires_scope
from kernel.database import WriteSession
from loyalty.access.scopes import Scope
from loyalty.invoices.reading import invoice_key
from loyalty.invoices.reversing import cancel_invoice, reverse_payment

PaymentInPath: TypeAlias = Annotated[int, PathParameter(description="`payment_no` of one of the invoice's payments.")]


class TakingBack(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why, as a code."""

    reason: fields.Reason


@post(
    "/v1/invoices/{invoice_id:str}/payments/{payment_no:int}/reversal",
    operation_id="reverseInvoicePayment",
    summary="Take a payment back",
    description=(
        "It counts as if it had not been. An invoice that was paid in time is open again and what it earned is taken "
        "back; runs of invoices that were paid after it stay as they are."
    ),
    tags=["Systems: invoices"],
    guards=[requires_scope(Scope.INVOICES_WRITE)],
    responses=created(BilledInvoice) | write_refusals(401, 403, 404, 422),
)
async def reverse_invoice_payment(
    invoice_id: InvoiceInPath,
    payment_no: PaymentInPath,
    data: JSONBody[TakingBack],
    caller: System,
    services: ServicesOf,
    idempotency_key: IdempotencyKey,
) -> Answered:
    key = invoice_key(invoice_id)

    async def act(session: WriteSession, now: datetime) -> BilledInvoice:
        invoice = await reverse_payment(
            session,
            key,
            payment_no,
            reason=data.reason,
            actor=caller.actor,
            programmes=services.programmes,
            now=now,
        )
        return await read_billed(session, invoice, now=now)

    body = canonical_body("reverseInvoicePayment", {"invoice": key, "payment": str(payment_no), "body": data})
    return await answer_once(services, caller, idempotency_key, body, act)


@post(
    "/v1/invoices/{invoice_id:str}/cancellation",
    operation_id="cancelInvoice",
    summary="Cancel an invoice",
    description="What it earned is taken back. It takes no more payments; those that came stay on record.",
    tags=["Systems: invoices"],
    guards=[requires_scope(Scope.INVOICES_WRITE)],
    responses=created(BilledInvoice) | write_refusals(401, 403, 404, 422),
)
async def cancel_billed_invoice(
    invoice_id: InvoiceInPath,
    data: JSONBody[TakingBack],
    caller: System,
    services: ServicesOf,
    idempotency_key: IdempotencyKey,
) -> Answered:
    key = invoice_key(invoice_id)

    async def act(session: WriteSession, now: datetime) -> BilledInvoice:
        invoice = await cancel_invoice(
            session, key, reason=data.reason, actor=caller.actor, programmes=services.programmes, now=now
        )
        return await read_billed(session, invoice, now=now)

    body = canonical_body("cancelInvoice", {"invoice": key, "body": data})
    return await answer_once(services, caller, idempotency_key, body, act)
