"""Late claims: a guest's sale becomes a member's purchase by the code that its receipt shows, once."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from kernel.database import WriteSession, driver
from kernel.errors import ConflictError, NotFoundError
from loyalty.answers import KeyId
from loyalty.programme.versions import Programmes
from loyalty.purchases.guests import claim_hash
from loyalty.purchases.outcome import Recorded, Submission
from loyalty.purchases.sale import Sale, canonical
from loyalty.purchases.single import record_sale
from loyalty.receipts import ReceiptVoidedError

if TYPE_CHECKING:
    from asyncpg import Record

_FIND = """
SELECT receipt_key, body, occurred_at, claimed_by, claimed_at FROM guest_receipt WHERE claim_hash = $1 FOR UPDATE
"""
_CLOSE = "UPDATE guest_receipt SET claimed_by = $2, claimed_at = $3 WHERE receipt_key = $1"


class ClaimCodeUnknownError(NotFoundError):
    code = "claim_code_unknown"
    title = "No receipt has this code."


class AlreadyClaimedError(ConflictError):
    """A receipt belongs to the first who claims it."""

    code = "already_claimed"
    title = "This receipt has been claimed."


class ClaimTooLateError(ConflictError):
    """The programme lets a receipt be claimed for ``days`` days."""

    code = "claim_too_late"
    title = "This receipt is too old to be claimed."


async def claim_receipt(
    session: WriteSession,
    claim_code: str,
    member_id: int,
    *,
    key: KeyId,
    actor: str,
    programmes: Programmes,
    now: datetime,
) -> Recorded:
    """Record the guest's sale with ``claim_code`` as the member's purchase of the moment when it happened.

    Of two claims at once the second waits for the first and is refused. Refunds of the sale that have come meanwhile
    are applied. Raises ``ClaimCodeUnknownError``, ``AlreadyClaimedError``, ``ClaimTooLateError``,
    ``ReceiptVoidedError`` and ``MemberNotFoundError``.
    """
    connection = await driver(session)
    guest = await connection.fetchrow(_FIND, claim_hash(claim_code))
    if guest is None:
        raise ClaimCodeUnknownError
    _check_open(guest, days=programmes.at(now).document.refunds.late_claim_days, now=now)
    submission = _submission(guest, member_id, key=key, actor=actor, now=now)
    outcome = await record_sale(session, submission, programmes=programmes, now=now)
    assert isinstance(outcome, Recorded), "the receipt is a guest's, and locked; the sale has a member"
    await connection.execute(_CLOSE, guest["receipt_key"], outcome.member_id, now)
    return outcome


def _check_open(guest: "Record", *, days: int, now: datetime) -> None:
    if guest["claimed_at"] is not None:
        raise ReceiptVoidedError if guest["claimed_by"] is None else AlreadyClaimedError
    if now - guest["occurred_at"] > timedelta(days=days):
        raise ClaimTooLateError(None, days=days)


def _submission(guest: "Record", member_id: int, *, key: KeyId, actor: str, now: datetime) -> Submission:
    """The sale as the till stated it, but for its member; corrected by the clock skew that was measured then."""
    stated = msgspec.convert(guest["body"], Sale)
    sale = replace(stated, member_id=member_id)
    skew = guest["occurred_at"] - stated.stated_at
    return Submission(
        key=key,
        sale=sale,
        body=canonical(sale),
        actor=actor,
        sent_at=now - skew if skew else None,
        flags=("claimed",),
        claims_guest=True,
    )
