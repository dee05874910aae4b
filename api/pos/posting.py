"""From submitted sales to answers: one transaction, the answers' bytes stored before COMMIT."""

from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import asyncpg
import msgspec
import structlog

from api.batching import PostingQueue
from api.pos.receipts import encode_outcome
from api.problems import encode_refusal, failure_of, held_by_others, is_held_by_others
from api.services import Services
from kernel.database import driver
from kernel.errors import DomainError
from loyalty.answers import KeyReusedError, SecretNotRepeatedError, StoredAnswer, store_answers
from loyalty.programme.document import ProgrammeDocument
from loyalty.purchases.outcome import Later, Outcome, Recorded, Repeated, Submission
from loyalty.purchases.recording import record_batch, record_purchases

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_RACES = 5
"""How often a sale that lost a race for its key or receipt looks again before it gives up."""

log = structlog.get_logger()


class Answer(NamedTuple):
    """What is sent for one sale."""

    status: int
    body: bytes


Postings: TypeAlias = PostingQueue[Submission, Answer]


def posting_queue(services: Services) -> Postings:
    """The queue that coalesces the sales of this process."""

    async def run_batch(submissions: Sequence[Submission]) -> list[Answer | None]:
        return await post_together(services, submissions)

    async def run_alone(submission: Submission) -> Answer:
        return await post_alone(services, submission)

    settings = services.settings
    return PostingQueue(run_batch, run_alone, settings.posting_batch_size, max(1, settings.database_pool_size // 2))


async def post_together(services: Services, submissions: Sequence[Submission]) -> list[Answer | None]:
    """Record sales in one transaction. None for those that have to be recorded alone."""
    now = services.clock()
    lock_timeout_ms = services.settings.posting_lock_timeout_ms
    async with services.database.transaction(lock_timeout_ms=lock_timeout_ms) as connection:
        outcomes = await record_batch(connection, submissions, programmes=services.programmes, now=now)
        return await _answer(services, connection, submissions, outcomes, now=now)


async def post_alone(services: Services, submission: Submission, *, rehearsal: bool = False) -> Answer:
    """Record one sale, waiting for its member. A lost race is run again: the winner's answer is there then.

    A ``rehearsal`` is rolled back when it has been answered.
    """
    for _ in range(_RACES):
        now = services.clock()
        try:
            async with services.database.write() as session:
                outcomes = await record_purchases(session, [submission], programmes=services.programmes, now=now)
                (answer,) = await _answer(services, await driver(session), [submission], outcomes, now=now)
                if not rehearsal:
                    await session.commit()
        except (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError) as error:
            log.info("posting_race", error=type(error).__name__)
            continue
        if answer is not None:
            return answer
        # The member was merged between the look-up of the survivor and the lock: look again.
    raise asyncpg.LockNotAvailableError("the sale kept losing its race")


async def post_all(services: Services, submissions: Sequence[Submission]) -> list[Answer]:
    """Record a till's queue of sales, as many at a time as a batch takes; what a batch could not take runs alone.

    A member whom somebody else keeps locked is waited for once: more of their sales are answered ``busy`` as the first.
    A sale that fails, which none should, is answered with its problem and stops no other. Raises only when the
    database cannot be reached: what has been recorded by then is found again when the queue is sent again.
    """
    answers: list[Answer] = []
    locked: set[int | None] = set()
    size = services.settings.posting_batch_size
    for start in range(0, len(submissions), size):
        batch = submissions[start : start + size]
        try:
            found = await post_together(services, batch)
        except Exception as error:
            log.warning("batch_failed", size=len(batch), error=repr(error))
            found = [None] * len(batch)
        for submission, answer in zip(batch, found, strict=True):
            answers.append(answer or await guarded(_post_waiting_once(services, submission, locked)))
    return answers


async def _post_waiting_once(services: Services, submission: Submission, locked: set[int | None]) -> Answer:
    """``post_alone``, but for the ``locked``, among whom is put who was waited for in vain."""
    if submission.member_id in locked:
        failure = held_by_others()
        return Answer(failure.status, msgspec.json.encode(failure.document))
    try:
        return await post_alone(services, submission)
    except Exception as error:
        if submission.member_id is not None and is_held_by_others(error):
            locked.add(submission.member_id)
        raise


async def guarded(work: Awaitable[Answer]) -> Answer:
    """The answer, or the problem in its place. Raises only when the database cannot be reached."""
    try:
        return await work
    except DomainError as error:
        return Answer(*encode_refusal(error))
    except Exception as error:
        failure = failure_of(error, where="batch")
        if failure.status == 503:
            raise
        return Answer(failure.status, msgspec.json.encode(failure.document))


async def rehearse(services: Services, submission: Submission) -> Answer:
    """What a training terminal gets: the real answer, and nothing is written."""
    return await post_alone(services, submission, rehearsal=True)


async def _answer(
    services: Services,
    connection: "Connection[Record]",
    submissions: Sequence[Submission],
    outcomes: Sequence[Outcome],
    *,
    now: datetime,
) -> list[Answer | None]:
    """Encode the outcomes and store those that bind their key."""
    answers = [
        None if isinstance(outcome, Later) else _encoded(services, submission, outcome)
        for submission, outcome in zip(submissions, outcomes, strict=True)
    ]
    binding = [
        (submission.key, StoredAnswer(submission.body, answer.status, answer.body))
        for submission, outcome, answer in zip(submissions, outcomes, answers, strict=True)
        if answer is not None and _binds_key(outcome)
    ]
    await store_answers(connection, binding, now=now)
    return answers


def _encoded(services: Services, submission: Submission, outcome: Outcome) -> Answer:
    assert not isinstance(outcome, Later)
    return Answer(*encode_outcome(outcome, document_to_print(services, outcome, prints=submission.prints)))


def document_to_print(services: Services, outcome: Outcome, *, prints: bool) -> ProgrammeDocument | None:
    """The programme whose texts go onto the receipt, where the till wants them."""
    if not prints or not isinstance(outcome, Recorded):
        return None
    programme = services.programmes.version(outcome.programme_version)
    return programme.document if programme else None


def _binds_key(outcome: Outcome) -> bool:
    """Whether the key is new. A known receipt under a new key binds that key too: it is the same sale."""
    if isinstance(outcome, Repeated):
        return not outcome.same_key
    return not isinstance(outcome, KeyReusedError | SecretNotRepeatedError)
