"""Sales without a member: kept apart until somebody claims one with the code on its receipt, once."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from kernel.database import RowWriter
from loyalty.answers import KeyId
from loyalty.models import GuestReceipt
from loyalty.purchases.context import Context
from loyalty.purchases.outcome import RecordedGuest, Submission
from loyalty.purchases.sale import canonical
from loyalty.purchases.timing import BusinessTime
from loyalty.receipts import RegisteredReceipt, register_receipts

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LENGTH = 12
"""59 bits: nobody guesses a code among millions of receipts before the rate limit stops them."""

_WRITE = RowWriter(
    GuestReceipt,
    *("receipt_key", "store_id", "terminal_id", "business_date", "shift", "occurred_at", "claim_hash", "body"),
    *("total_minor", "recorded_at"),
)


def new_claim_code() -> str:
    """A code for print: no letter that looks like a digit, in groups of four."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
    return "-".join(letters[start : start + 4] for start in range(0, _CODE_LENGTH, 4))


def claim_hash(code: str) -> bytes:
    """What is stored of a claim code. Case, spaces and dashes do not matter."""
    return hashlib.sha256(code.upper().replace("-", "").replace(" ", "").encode()).digest()


async def record_guests(
    connection: "Connection[Record]",
    submissions: Sequence[Submission],
    times: Mapping[KeyId, BusinessTime],
    context: Context,
    *,
    now: datetime,
) -> dict[KeyId, RecordedGuest]:
    """Put guests' sales aside; by idempotency key, what is to be printed."""
    guests = {s.key: RecordedGuest(s.sale, new_claim_code()) for s in submissions}
    rows = []
    for submission in submissions:
        sale, occurred_at = submission.sale, times[submission.key].occurred_at
        local_date = occurred_at.astimezone(ZoneInfo(context.stores[sale.store_id].zone)).date()
        rows.append(
            (
                sale.receipt_key,
                sale.store_id,
                sale.terminal_id,
                sale.business_date(local_date),
                sale.receipt.shift,
                occurred_at,
                claim_hash(guests[submission.key].claim_code),
                canonical(sale).decode(),
                sale.total_minor,
                now,
            )
        )
    await _WRITE.write(connection, rows)
    await register_receipts(
        connection,
        [(s.receipt_key, RegisteredReceipt("guest", None, None, s.key)) for s in submissions],
    )
    return guests
