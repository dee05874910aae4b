"""Invoices as they stand."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, select, tuple_

from kernel.database import ReadSession, WriteSession, driver
from kernel.ids import encode_public_id
from loyalty.invoices.errors import InvoiceNotFoundError
from loyalty.ledger.account import Account
from loyalty.ledger.opening import open_account
from loyalty.members.ids import MemberNotFoundError
from loyalty.models import Invoice, InvoicePayment
from loyalty.receipts import member_and_number

_ID = "inv"


def invoice_id(member_id: int, invoice_no: int) -> str:
    """Public id of an invoice."""
    return encode_public_id(_ID, member_id, invoice_no)


def invoice_key(public_id: str) -> tuple[int, int]:
    """Member and number of a public id. Raises ``InvoiceNotFoundError``."""
    key = member_and_number(_ID, public_id)
    if key is None:
        raise InvoiceNotFoundError
    return key


async def lock_invoice(session: WriteSession, key: tuple[int, int], *, now: datetime) -> tuple[Account, Invoice]:
    """The invoice and the account of the member who has it now, which is locked. Raises ``InvoiceNotFoundError``."""
    try:
        account = await open_account(await driver(session), key[0], now=now)
    except MemberNotFoundError:
        raise InvoiceNotFoundError from None
    return account, await read_invoice(session, key)


async def read_invoice(session: ReadSession, key: tuple[int, int]) -> Invoice:
    """The invoice with the key (member, number), read now. Raises ``InvoiceNotFoundError``."""
    invoice = await session.get(Invoice, key, populate_existing=True)
    if invoice is None:
        raise InvoiceNotFoundError
    return invoice


async def read_payments(session: ReadSession, invoice: Invoice) -> Sequence[InvoicePayment]:
    """The invoice's payments in the order of their news, reversed ones too."""
    statement = select(InvoicePayment).where(
        col(InvoicePayment.member_id) == invoice.member_id, col(InvoicePayment.invoice_no) == invoice.invoice_no
    )
    return (await session.exec(statement.order_by(col(InvoicePayment.payment_no)))).all()


async def list_invoices(
    session: ReadSession, family: Sequence[int], *, before: tuple[datetime, int, int] | None, limit: int
) -> Sequence[Invoice]:
    """The latest ``limit`` invoices of a member and those merged into it, the last registered first."""
    position = tuple_(col(Invoice.registered_at), col(Invoice.member_id), col(Invoice.invoice_no))
    statement = select(Invoice).where(col(Invoice.member_id).in_(family))
    if before is not None:
        statement = statement.where(position < before)
    latest_first = (
        col(Invoice.registered_at).desc(),
        col(Invoice.member_id).desc(),
        col(Invoice.invoice_no).desc(),
    )
    return (await session.exec(statement.order_by(*latest_first).limit(limit))).all()
