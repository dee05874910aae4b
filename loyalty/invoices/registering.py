"""Billing says what a member has to pay, and until when."""

from datetime import date, datetime

import msgspec
from msgspec import Struct
from sqlalchemy import func
from sqlmodel import col, select

from kernel.database import WriteSession, driver
from loyalty.answers import differences
from loyalty.invoices.errors import InvoiceCurrencyError, InvoiceDaysError, InvoiceDiffersError
from loyalty.invoices.reading import read_invoice
from loyalty.ledger.forwarding import surviving_members
from loyalty.ledger.opening import open_account
from loyalty.members.ids import MemberNotFoundError
from loyalty.models import Invoice, InvoiceKey


class InvoiceContent(Struct, frozen=True, kw_only=True):
    """An invoice as billing has it. ``source`` and ``number`` make it one invoice, whatever else is said."""

    source: str
    number: str
    amount_minor: int
    currency: str
    issued_on: date
    due_on: date


async def register_invoice(
    session: WriteSession, member_id: int, content: InvoiceContent, *, currency: str, now: datetime
) -> Invoice:
    """Register an invoice of the member, or find the one that was registered with the same content before.

    ``currency`` is the programme's. Raises ``InvoiceDaysError``, ``InvoiceCurrencyError``, ``InvoiceDiffersError`` and
    ``MemberNotFoundError``. Of two that register the same number at once, of different members, the loser's transaction
    breaks (unique violation) and is to be run again.
    """
    if content.due_on < content.issued_on:
        raise InvoiceDaysError(issued_on=content.issued_on.isoformat(), due_on=content.due_on.isoformat())
    if content.currency != currency:
        raise InvoiceCurrencyError(expected=currency)
    account = await open_account(await driver(session), member_id, now=now)
    body = msgspec.json.encode(content, order="deterministic")
    known = await session.get(InvoiceKey, (content.source, content.number), populate_existing=True)
    if known is not None:
        return await _repeat(session, known, account.member_id, body)
    if account.status == "erased":
        raise MemberNotFoundError
    last = await session.exec(select(func.max(Invoice.invoice_no)).where(col(Invoice.member_id) == account.member_id))
    invoice = Invoice(
        member_id=account.member_id,
        invoice_no=(last.one() or 0) + 1,
        source=content.source,
        billing_number=content.number,
        amount_minor=content.amount_minor,
        currency=content.currency,
        issued_on=content.issued_on,
        due_on=content.due_on,
        zone=account.zone,
        registered_at=now,
    )
    session.add(invoice)
    session.add(
        InvoiceKey(
            source=content.source,
            billing_number=content.number,
            member_id=invoice.member_id,
            invoice_no=invoice.invoice_no,
            body=body,
        )
    )
    await session.flush()
    return invoice


async def _repeat(session: WriteSession, known: InvoiceKey, survivor_id: int, body: bytes) -> Invoice:
    """The invoice that is known. The member is compared as who they are now."""
    survivors = await surviving_members(await driver(session), [known.member_id])
    differing = [] if known.body == body else differences(known.body, body)
    if survivors.get(known.member_id, known.member_id) != survivor_id:
        differing.append("/member")
    if differing:
        raise InvoiceDiffersError(None, differences=differing)
    return await read_invoice(session, (known.member_id, known.invoice_no))
