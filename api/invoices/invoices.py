"""``/v1/invoices``: billing says what members have to pay, and what has come in."""

from datetime import date, datetime
from typing import Annotated, TypeAlias

from litestar import Controller, get, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from api import fields
from api.dependencies import ServicesOf, System
from api.documented import created, refusals, write_refusals
from api.idempotency import Answered, IdempotencyKey, answer_once, canonical_body, veiled
from api.invoice_views import BilledInvoice, InvoiceInPath, read_billed
from api.named_members import NamedMember, number_of
from api.parameters import as_utc
from api.security.scopes import requires_scope
from kernel.database import WriteSession
from loyalty.access.scopes import Scope
from loyalty.invoices.paying import PaymentContent, record_payment
from loyalty.invoices.reading import invoice_key, read_invoice
from loyalty.invoices.registering import InvoiceContent, register_invoice
from loyalty.programme.part import MAX_EXACT
from loyalty.purchases.sale import canonical

AmountMinor: TypeAlias = Annotated[int, Meta(ge=1, le=MAX_EXACT, examples=[124_000])]
Reference: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=128, pattern="^[^\\u0000-\\u0020\\u007f]+$(?!\\n)", examples=["2026-0042"])
]
"""A name of the other system. It stays in the books, so it says nothing about a person."""
_Day: TypeAlias = Annotated[date, Meta(examples=["2026-03-02"])]


class NewInvoice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An invoice as billing has it."""

    member: NamedMember
    source: fields.Code
    """Which of the business's systems numbers it: within it a number is one invoice."""
    number: Reference
    amount_minor: AmountMinor
    currency: fields.Currency
    issued_on: _Day
    due_on: Annotated[date, Meta(examples=["2026-03-16"])]
    """The last day, in the member's zone, on which a payment is on time."""


class NewPayment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money that came for an invoice, or a part of it."""

    reference: Reference
    """Billing's own name for it: told again under it, it is the same payment."""
    amount_minor: AmountMinor
    paid_at: Annotated[datetime, Meta(tz=True, examples=["2026-03-02T09:00:00Z"])]
    """When the money came, not when it was booked."""


class Invoices(Controller):
    """Invoices and their payments, told by billing."""

    path = "/v1/invoices"
    tags = ("Systems: invoices",)
    guards = (requires_scope(Scope.INVOICES_WRITE),)

    @post(
        operation_id="registerInvoice",
        summary="Register an invoice",
        description="A number that the source has registered with the same content answers the invoice as it stands.",
        responses=created(BilledInvoice) | write_refusals(401, 403, 404, 422),
    )
    async def register(
        self, data: JSONBody[NewInvoice], caller: System, services: ServicesOf, idempotency_key: IdempotencyKey
    ) -> Answered:
        content = InvoiceContent(
            source=data.source,
            number=data.number,
            amount_minor=data.amount_minor,
            currency=data.currency,
            issued_on=data.issued_on,
            due_on=data.due_on,
        )

        async def act(session: WriteSession, now: datetime) -> BilledInvoice:
            member_id = await number_of(session, services, data.member, at=now)
            currency = services.programmes.at(now).document.currency
            invoice = await register_invoice(session, member_id, content, currency=currency, now=now)
            return await read_billed(session, invoice, now=now)

        named = veiled(services, canonical(data.member).decode())
        body = canonical_body("registerInvoice", {"member": named, "invoice": content})
        return await answer_once(services, caller, idempotency_key, body, act)

    @get(
        "/{invoice_id:str}",
        operation_id="getInvoice",
        summary="An invoice as it stands",
        responses=refusals(401, 403, 404),
    )
    async def read(self, invoice_id: InvoiceInPath, services: ServicesOf) -> BilledInvoice:
        async with services.database.read() as session:
            return await read_billed(
                session, await read_invoice(session, invoice_key(invoice_id)), now=services.clock()
            )

    @post(
        "/{invoice_id:str}/payments",
        operation_id="recordInvoicePayment",
        summary="Record a payment of an invoice",
        description=(
            "Parts add up; more than is left to be paid is refused. The payment that makes the invoice whole in time, "
            "by the member's own days, is recorded as an action and earns what the programme says."
        ),
        responses=created(BilledInvoice) | write_refusals(401, 403, 404, 422),
    )
    async def pay(
        self,
        invoice_id: InvoiceInPath,
        data: JSONBody[NewPayment],
        caller: System,
        services: ServicesOf,
        idempotency_key: IdempotencyKey,
    ) -> Answered:
        key = invoice_key(invoice_id)
        paid_at = as_utc(data.paid_at, "paid_at")
        assert paid_at is not None, "it is required"
        content = PaymentContent(reference=data.reference, amount_minor=data.amount_minor, paid_at=paid_at)

        async def act(session: WriteSession, now: datetime) -> BilledInvoice:
            invoice = await record_payment(
                session, key, content, actor=caller.actor, programmes=services.programmes, now=now
            )
            return await read_billed(session, invoice, now=now)

        body = canonical_body("recordInvoicePayment", {"invoice": key, "payment": content})
        return await answer_once(services, caller, idempotency_key, body, act)
