"""One sale as a part of something larger: an exchange, a claim."""

from datetime import datetime

from kernel.database import WriteSession
from kernel.errors import DomainError
from loyalty.programme.versions import Programmes
from loyalty.purchases.outcome import Later, Outcome, Recorded, RecordedGuest, Repeated, Submission
from loyalty.purchases.recording import record_purchases


async def record_sale(
    session: WriteSession, submission: Submission, *, programmes: Programmes, now: datetime
) -> Recorded | RecordedGuest | Repeated:
    """Record one sale in the transaction of the whole. Raises what refuses it, so that nothing of the whole happens.

    A merge between the look-up of its member and the lock is followed: nothing has been written by then.
    """
    outcome: Outcome = Later.POSTPONED
    while isinstance(outcome, Later):
        (outcome,) = await record_purchases(session, [submission], programmes=programmes, now=now)
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome
