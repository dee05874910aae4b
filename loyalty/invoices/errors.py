"""Why billing is refused."""

from kernel.errors import ConflictError, NotFoundError, UnprocessableError


class InvoiceNotFoundError(NotFoundError):
    code = "invoice_not_found"
    title = "There is no such invoice."


class InvoiceDaysError(UnprocessableError):
    """It would be due before it was issued."""

    code = "invoice_days"
    title = "An invoice is due on the day of its issue or later."


class InvoiceCurrencyError(UnprocessableError):
    """Invoices are in the ``expected`` currency, the programme's."""

    code = "invoice_currency"
    title = "Invoices in another currency than the programme's are not taken."


class InvoiceDiffersError(UnprocessableError):
    """The source has registered this number with other content. ``differences`` are JSON pointers into the request."""

    code = "invoice_differs"
    title = "This invoice was registered with other content."


class InvoiceCancelledError(ConflictError):
    code = "invoice_cancelled"
    title = "This invoice has been cancelled."


class PaymentNotFoundError(NotFoundError):
    code = "invoice_payment_not_found"
    title = "This invoice has no such payment."


class PaymentDiffersError(UnprocessableError):
    """The invoice has a payment of this reference with other content."""

    code = "invoice_payment_differs"
    title = "This payment was recorded with other content."


class PaymentFromTheFutureError(UnprocessableError):
    """``paid_at`` is after ``now`` by more than the programme's tolerance for actions."""

    code = "invoice_payment_from_the_future"
    title = "This payment has not happened yet."


class OverpaidError(ConflictError):
    """Only ``open_minor`` is left to be paid."""

    code = "invoice_overpaid"
    title = "This is more than what is left to be paid."
