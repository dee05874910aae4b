"""Refunds that came before their sale, applied once it is there."""

from datetime import datetime

from kernel.database import WriteSession, driver
from kernel.errors import DomainError
from loyalty.programme.publishing import refresh
from loyalty.programme.versions import Programmes, PublishedProgrammes
from loyalty.refunds.recording import RefundSubmission, record_refund
from loyalty.refunds.waiting import WaitingReturn, overtaken, settle_waiting


async def apply_waiting(
    session: WriteSession, waiting: WaitingReturn, *, actor: str, programmes: Programmes, now: datetime
) -> None:
    """Apply a refund whose sale has come at last. One that turns out to be impossible stays listed, with its reason."""
    submission = RefundSubmission(key=waiting.key, refund=waiting.refund, actor=actor, body=b"", has_waited=True)
    connection = await driver(session)
    try:
        async with session.begin_nested():
            await record_refund(session, submission, programmes=programmes, now=now)
    except DomainError as error:
        await settle_waiting(connection, waiting.refund.receipt_key, refusal=error.code, now=now)
    else:
        await settle_waiting(connection, waiting.refund.receipt_key, refusal=None, now=now)


async def apply_overtaken(session: WriteSession, *, now: datetime, limit: int) -> int:
    """Apply refunds that crossed with their sale; answers how many there were."""
    found = await overtaken(await driver(session), limit=limit)
    programmes = PublishedProgrammes()
    if found:
        await refresh(session, programmes)
    for waiting in found:
        await apply_waiting(session, waiting, actor="system", programmes=programmes, now=now)
    return len(found)
