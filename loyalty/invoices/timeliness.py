"""Whether an invoice was paid in time, and how many in a row. Pure."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal, NamedTuple, TypeAlias

from loyalty.models import Invoice
from loyalty.programme.windows import zone_named

Timeliness: TypeAlias = Literal["early", "on_time", "late"]


class Settled(NamedTuple):
    """How an earlier invoice stands at the instant at which a later one is paid."""

    due_on: date
    paid_on: date | None
    """None: not paid. Days are those of the invoice's own zone."""
    looked_at_on: date
    """The day of that instant."""


def days_early(invoice: Invoice, paid_at: datetime) -> int:
    """Local days of the invoice's zone from the payment to the due date: 0 on that day, below 0 when it is late."""
    return (invoice.due_on - local_day_of(invoice, paid_at)).days


def local_day_of(invoice: Invoice, instant: datetime) -> date:
    """The day of the invoice's zone."""
    return instant.astimezone(zone_named(invoice.zone)).date()


def timeliness_of(days: int) -> Timeliness:
    """What so many ``days_early`` are called. The whole of the due date is on time."""
    if days < 0:
        return "late"
    return "early" if days else "on_time"


def punctual_run(earlier: Iterable[Settled]) -> int:
    """How many invoices in a row are paid in time with the one that is being paid in time now.

    ``earlier`` are those due before it, the last due first. One that was paid late, or is unpaid and overdue, ends the
    run; one that is unpaid and not due yet neither ends it nor counts.
    """
    run = 1
    for each in earlier:
        if each.paid_on is None:
            if each.due_on < each.looked_at_on:
                break
        elif each.paid_on > each.due_on:
            break
        else:
            run += 1
    return run
