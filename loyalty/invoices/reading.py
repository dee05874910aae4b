"""Invoices as they stand."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from sqlalchemy import Date
from sqlmodel import cast, col, func, not_, or_, select, tuple_

from kernel.database import ReadSession, WriteSession, driver
from kernel.ids import encode_public_id
from loyalty.invoices.errors import InvoiceNotFoundError
from loyalty.ledger.account import Account
from loyalty.ledger.opening import open_account
from loyalty.members.ids import MemberNotFoundError
from loyalty.models import Invoice, InvoicePayment
from loyalty.receipts import member_and_number

_ID = "inv"
InvoiceState: TypeAlias = Literal["open", "late", "paid", "cancelled"]
"""``late``: open, and its due date is over."""


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


async def payments_of(session: ReadSession, invoices: Sequence[Invoice]) -> dict[tuple[int, int], list[InvoicePayment]]:
    """The payments of several invoices, by (member, number), each in the order of their news."""
    key = tuple_(col(InvoicePayment.member_id), col(InvoicePayment.invoice_no))
    wanted = [(invoice.member_id, invoice.invoice_no) for invoice in invoices]
    statement = select(InvoicePayment).where(key.in_(wanted)).order_by(col(InvoicePayment.payment_no))
    payments: dict[tuple[int, int], list[InvoicePayment]] = {each: [] for each in wanted}
    for payment in (await session.exec(statement)).all() if wanted else ():
        payments[payment.member_id, payment.invoice_no].append(payment)
    return payments


async def list_invoices(
    session: ReadSession,
    family: Sequence[int],
    *,
    before: tuple[datetime, int, int] | None,
    limit: int,
    now: datetime,
    state: InvoiceState | None = None,
) -> Sequence[Invoice]:
    """The latest ``limit`` invoices of a member and those merged into it, the last registered first; of one ``state``
    by ``now`` when it is named.
    """
    position = tuple_(col(Invoice.registered_at), col(Invoice.member_id), col(Invoice.invoice_no))
    statement = select(Invoice).where(col(Invoice.member_id).in_(family))
    if before is not None:
        statement = statement.where(position < before)
    if state is not None:
        overdue = col(Invoice.due_on) < cast(func.timezone(col(Invoice.zone), now), Date)
        statement = statement.where(col(Invoice.state) == ("open" if state == "late" else state))
        statement = statement.where(overdue if state == "late" else or_(col(Invoice.state) != "open", not_(overdue)))
    latest_first = (
        col(Invoice.registered_at).desc(),
        col(Invoice.member_id).desc(),
        col(Invoice.invoice_no).desc(),
    )
    return (await session.exec(statement.order_by(*latest_first).limit(limit))).all()
