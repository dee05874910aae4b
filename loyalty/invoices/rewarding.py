"""What paying in time is worth: an action of the kind ``on_time_payment`` for each type that the programme declares."""

from datetime import datetime
from typing import Final

from sqlmodel import col, select, tuple_

from kernel.database import WriteSession, driver
from kernel.errors import DomainError
from loyalty.actions.outcome import ActionSubmission
from loyalty.actions.recording import record_actions
from loyalty.invoices.timeliness import Settled, days_early, local_day_of, punctual_run, timeliness_of
from loyalty.ledger.account import Account
from loyalty.members.family import family_of
from loyalty.models import Invoice
from loyalty.programme.versions import Programmes

SOURCE: Final = "job:invoices"
KIND: Final = "on_time_payment"


async def run_with(session: WriteSession, account: Account, invoice: Invoice, paid_at: datetime) -> int:
    """How many invoices in a row are paid in time with this one, whole at ``paid_at``; 0 when that is late.

    The run is that of the invoices in the order of their due dates, as they stand now: what is taken back of an earlier
    one afterwards shortens the runs of invoices that are paid after that, and of no other.
    """
    if days_early(invoice, paid_at) < 0:
        return 0
    return punctual_run(await _earlier(session, account, invoice, paid_at))


async def reward_punctuality(
    session: WriteSession, account: Account, invoice: Invoice, *, actor: str, programmes: Programmes, now: datetime
) -> None:
    """Record the actions of an invoice that has just become whole. A late one ends the run and is no action.

    Where the programme refuses them the invoice says why: that it was paid is a fact.
    """
    if not invoice.punctual_run:
        return
    assert invoice.paid_at is not None, "it is whole"
    early = days_early(invoice, invoice.paid_at)
    declared = programmes.at(invoice.paid_at).document.actions
    submissions = [
        ActionSubmission(
            member_id=account.member_id,
            type=action.code,
            reporter="comeback",
            source=SOURCE,
            actor=actor,
            occurred_at=invoice.paid_at,
            fields={
                "timeliness": timeliness_of(early),
                "days_early": early,
                "amount_minor": invoice.amount_minor,
                "punctual_run": invoice.punctual_run,
            },
            natural_key=natural_key(invoice),
        )
        for action in declared
        if action.kind == KIND
    ]
    outcomes = await record_actions(session, submissions, programmes=programmes, now=now) if submissions else []
    refusals = [outcome.code for outcome in outcomes if isinstance(outcome, DomainError)]
    invoice.refusal = refusals[0] if refusals else None


def natural_key(invoice: Invoice) -> str:
    """Of the actions of an invoice that is paid: it may be paid again after a payment of it was reversed."""
    return f"invoice:{invoice.member_id}:{invoice.invoice_no}:{invoice.settled_by}"


async def _earlier(session: WriteSession, account: Account, invoice: Invoice, paid_at: datetime) -> list[Settled]:
    family = await family_of(await driver(session), account.member_id)
    order = (col(Invoice.due_on), col(Invoice.member_id), col(Invoice.invoice_no))
    statement = select(Invoice).where(
        col(Invoice.member_id).in_(family),
        col(Invoice.state) != "cancelled",
        tuple_(*order) < (invoice.due_on, invoice.member_id, invoice.invoice_no),
    )
    rows = await session.exec(statement.order_by(*(column.desc() for column in order)))
    return [
        Settled(
            each.due_on,
            None if each.paid_at is None else local_day_of(each, each.paid_at),
            local_day_of(each, paid_at),
        )
        for each in rows
    ]
