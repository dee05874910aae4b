"""Taking back: a payment that bounced, an invoice that should not have been."""

from datetime import datetime

from sqlmodel import col, select

from kernel.database import WriteSession, driver
from loyalty.actions.reversing import reverse_action
from loyalty.audit import record_change
from loyalty.invoices.errors import PaymentNotFoundError
from loyalty.invoices.reading import invoice_id, lock_invoice, read_payments
from loyalty.invoices.rewarding import SOURCE, natural_key
from loyalty.ledger.account import Account
from loyalty.members.family import family_of
from loyalty.models import Action, Invoice
from loyalty.programme.versions import Programmes


async def reverse_payment(
    session: WriteSession,
    key: tuple[int, int],
    payment_no: int,
    *,
    reason: str,
    actor: str,
    programmes: Programmes,
    now: datetime,
) -> Invoice:
    """Let a payment of the invoice count as if it had not been, once; answers the invoice.

    One that is not whole any more is open again, and what it earned is taken back. It may be paid, and earn, anew. Runs
    of invoices that were paid after it stay as they were paid. ``reason`` is a code. Raises ``InvoiceNotFoundError``
    and ``PaymentNotFoundError``.
    """
    account, invoice = await lock_invoice(session, key, now=now)
    payments = await read_payments(session, invoice)
    payment = next((each for each in payments if each.payment_no == payment_no), None)
    if payment is None:
        raise PaymentNotFoundError
    if payment.reversed_at is not None:
        return invoice
    if invoice.state == "paid":
        await _take_back(session, account, invoice, reason=reason, actor=actor, programmes=programmes, now=now)
        _unsettle(invoice, "open")
    payment.reversed_at, payment.reason = now, reason
    invoice.paid_minor -= payment.amount_minor
    session.add_all((invoice, payment))
    subject = f"invoice:{invoice_id(*key)}"
    await record_change(
        session, actor=actor, action="invoice.payment_reversed", subject=subject, reason=reason, now=now
    )
    return invoice


async def cancel_invoice(
    session: WriteSession, key: tuple[int, int], *, reason: str, actor: str, programmes: Programmes, now: datetime
) -> Invoice:
    """Cancel the invoice, once; answers it. What it earned is taken back; its payments stay on record.

    ``reason`` is a code. Raises ``InvoiceNotFoundError``.
    """
    account, invoice = await lock_invoice(session, key, now=now)
    if invoice.state == "cancelled":
        return invoice
    if invoice.state == "paid":
        await _take_back(session, account, invoice, reason=reason, actor=actor, programmes=programmes, now=now)
    _unsettle(invoice, "cancelled")
    invoice.cancelled_at, invoice.reason = now, reason
    session.add(invoice)
    subject = f"invoice:{invoice_id(*key)}"
    await record_change(session, actor=actor, action="invoice.cancelled", subject=subject, reason=reason, now=now)
    return invoice


def _unsettle(invoice: Invoice, state: str) -> None:
    invoice.state = state
    invoice.paid_at = invoice.settled_by = invoice.punctual_run = invoice.refusal = None


async def _take_back(
    session: WriteSession,
    account: Account,
    invoice: Invoice,
    *,
    reason: str,
    actor: str,
    programmes: Programmes,
    now: datetime,
) -> None:
    """Reverse the actions that the invoice was, whichever of a merged member's numbers they have."""
    family = await family_of(await driver(session), account.member_id)
    earned = select(Action.member_id, Action.action_no).where(
        col(Action.member_id).in_(family),
        col(Action.natural_key) == natural_key(invoice),
        col(Action.source) == SOURCE,
        col(Action.status) == "accepted",
        col(Action.reversed_at).is_(None),
    )
    rows = (await session.exec(earned.order_by(col(Action.member_id), col(Action.action_no)))).all()
    for member_id, action_no in rows:
        await reverse_action(
            session, (member_id, action_no), reason=reason, actor=actor, programmes=programmes, now=now
        )
