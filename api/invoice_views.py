"""An invoice as billing and its member see it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, TypeAlias

from litestar.params import PathParameter
from msgspec import Struct

from api.cursors import dated_text
from kernel.database import ReadSession
from loyalty.invoices.reading import invoice_id, read_payments
from loyalty.invoices.timeliness import days_early, local_day_of, timeliness_of
from loyalty.models import Invoice, InvoicePayment

InvoiceInPath: TypeAlias = Annotated[
    str, PathParameter(description="Public id of an invoice: `inv_...`", max_length=64)
]


class PaymentView(Struct, frozen=True, kw_only=True):
    """Money that came for an invoice."""

    payment_no: int
    reference: str
    amount_minor: int
    paid_at: datetime
    reversed_at: datetime | None
    """When it was said not to count after all."""


class InvoiceView(Struct, frozen=True, kw_only=True):
    """An invoice as it stands."""

    id: str
    number: str
    amount_minor: int
    paid_minor: int
    open_minor: int
    currency: str
    issued_on: date
    due_on: date
    """Until the end of this day in the member's zone a payment is on time."""
    state: str
    """``open``, ``late`` (open, and the due date is over), ``paid`` or ``cancelled``."""
    paid_at: datetime | None
    """When the payment came that made it whole."""
    timeliness: str | None
    """``early``, ``on_time`` or ``late``; null until it is paid."""
    days_early: int | None
    """Days from that payment to the due date; below 0 when it was late."""
    punctual_run: int | None
    """How many in a row were paid in time with this one, as it was known then; 0 when it was late."""


class BilledInvoice(InvoiceView, frozen=True, kw_only=True):
    """An invoice with its payments, in the order in which they were told."""

    source: str
    payments: list[PaymentView]
    refusal: str | None
    """A code: why a payment in time was not recorded as an action, such as `action_too_late`."""


def view_invoice(invoice: Invoice, *, now: datetime) -> InvoiceView:
    """The invoice for its member."""
    early = None if invoice.paid_at is None else days_early(invoice, invoice.paid_at)
    overdue = invoice.state == "open" and local_day_of(invoice, now) > invoice.due_on
    return InvoiceView(
        id=invoice_id(invoice.member_id, invoice.invoice_no),
        number=invoice.billing_number,
        amount_minor=invoice.amount_minor,
        paid_minor=invoice.paid_minor,
        open_minor=0 if invoice.state == "cancelled" else invoice.amount_minor - invoice.paid_minor,
        currency=invoice.currency,
        issued_on=invoice.issued_on,
        due_on=invoice.due_on,
        state="late" if overdue else invoice.state,
        paid_at=invoice.paid_at,
        timeliness=None if early is None else timeliness_of(early),
        days_early=early,
        punctual_run=invoice.punctual_run,
    )


def view_billed(invoice: Invoice, payments: Sequence[InvoicePayment], *, now: datetime) -> BilledInvoice:
    """The same for billing."""
    seen = view_invoice(invoice, now=now)
    return BilledInvoice(
        **{name: getattr(seen, name) for name in seen.__struct_fields__},
        source=invoice.source,
        payments=[
            PaymentView(
                payment_no=payment.payment_no,
                reference=payment.reference,
                amount_minor=payment.amount_minor,
                paid_at=payment.paid_at,
                reversed_at=payment.reversed_at,
            )
            for payment in payments
        ],
        refusal=invoice.refusal,
    )


async def read_billed(session: ReadSession, invoice: Invoice, *, now: datetime) -> BilledInvoice:
    """The same, with its payments as they are now."""
    return view_billed(invoice, await read_payments(session, invoice), now=now)


def invoice_position(invoice: Invoice) -> str:
    """Where an invoice stands among those of its member, for the cursor."""
    return dated_text(invoice.registered_at, invoice.member_id, invoice.invoice_no)
