"""Money comes in for an invoice, whole or in parts, in any order and possibly told twice."""

from datetime import datetime, timedelta

from msgspec import Struct

from kernel.database import WriteSession
from loyalty.invoices.errors import (
    InvoiceCancelledError,
    OverpaidError,
    PaymentDiffersError,
    PaymentFromTheFutureError,
)
from loyalty.invoices.reading import lock_invoice, read_payments
from loyalty.invoices.rewarding import reward_punctuality, run_with
from loyalty.models import Invoice, InvoicePayment
from loyalty.programme.versions import Programmes


class PaymentContent(Struct, frozen=True, kw_only=True):
    """A payment as billing has it. Within an invoice ``reference`` makes it one payment."""

    reference: str
    amount_minor: int
    paid_at: datetime


async def record_payment(
    session: WriteSession,
    key: tuple[int, int],
    content: PaymentContent,
    *,
    actor: str,
    programmes: Programmes,
    now: datetime,
) -> Invoice:
    """Record a payment of the invoice with the key (member, number), or recognise it; answers the invoice.

    Raises ``InvoiceNotFoundError``, ``PaymentFromTheFutureError``, ``PaymentDiffersError``, ``InvoiceCancelledError``
    and ``OverpaidError``.
    """
    account, invoice = await lock_invoice(session, key, now=now)
    payments = await read_payments(session, invoice)
    known = next((each for each in payments if each.reference == content.reference), None)
    if known is not None:
        if (known.amount_minor, known.paid_at) != (content.amount_minor, content.paid_at):
            raise PaymentDiffersError(None, payment_no=known.payment_no)
        return invoice
    _check(invoice, content, programmes, now=now)
    paid_at = max([content.paid_at, *(each.paid_at for each in payments if each.reversed_at is None)])
    is_whole = invoice.paid_minor + content.amount_minor == invoice.amount_minor
    run = await run_with(session, account, invoice, paid_at) if is_whole else None
    invoice.last_payment_no += 1
    invoice.paid_minor += content.amount_minor
    session.add(
        InvoicePayment(
            member_id=invoice.member_id,
            invoice_no=invoice.invoice_no,
            payment_no=invoice.last_payment_no,
            reference=content.reference,
            amount_minor=content.amount_minor,
            paid_at=content.paid_at,
            recorded_at=now,
        )
    )
    if is_whole:
        invoice.state, invoice.paid_at = "paid", paid_at
        invoice.settled_by, invoice.punctual_run = invoice.last_payment_no, run
        await reward_punctuality(session, account, invoice, actor=actor, programmes=programmes, now=now)
    session.add(invoice)
    await session.flush()
    return invoice


def _check(invoice: Invoice, content: PaymentContent, programmes: Programmes, *, now: datetime) -> None:
    tolerance = timedelta(seconds=programmes.at(now).document.action_intake.clock_tolerance_seconds)
    if content.paid_at > now + tolerance:
        raise PaymentFromTheFutureError(paid_at=content.paid_at, now=now)
    if invoice.state == "cancelled":
        raise InvoiceCancelledError
    open_minor = invoice.amount_minor - invoice.paid_minor
    if content.amount_minor > open_minor:
        raise OverpaidError(open_minor=open_minor)
