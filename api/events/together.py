"""Events of a batch, many in one transaction: an optimisation that changes no answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec
import structlog

from api.actions import view_action
from api.callers import SystemCaller
from api.events.telling import Event, canonical_event, settle_event, submission_of
from api.pos.posting import Answer, guarded
from api.problems import encode_refusal
from api.services import Services
from kernel.database import WriteSession, driver
from kernel.errors import ConflictError, DomainError, NotFoundError, UnprocessableError
from loyalty.actions.outcome import ActionOutcome, ActionSubmission
from loyalty.actions.recording import record_actions
from loyalty.answers import KeyId, StoredAnswer, find_answers, repeat_of, store_answers

TOGETHER: Final = 100
"""So many members are locked at a time."""
_BINDING: Final = (NotFoundError, ConflictError, UnprocessableError)

log = structlog.get_logger()


class KeyedEvent(NamedTuple):
    """An event with what would have been its ``Idempotency-Key``."""

    key: str
    event: Event


async def settle_events(services: Services, caller: SystemCaller, items: Sequence[KeyedEvent]) -> list[Answer]:
    """An answer for each, in their order. What could not be settled together is settled alone.

    Raises only when the database cannot be reached: what has been recorded by then is found again when the batch is
    sent again.
    """
    answers: list[Answer] = []
    for start in range(0, len(items), TOGETHER):
        some = items[start : start + TOGETHER]
        try:
            found = await _attempt(services, caller, some)
        except Exception as error:
            log.info("events_settled_alone", size=len(some), error=type(error).__name__)
            found = [None] * len(some)
        for item, answer in zip(some, found, strict=True):
            answers.append(answer or await guarded(_alone(services, caller, item)))
    return answers


async def _alone(services: Services, caller: SystemCaller, item: KeyedEvent) -> Answer:
    return Answer(*await settle_event(services, caller, item.key, item.event))


async def _attempt(services: Services, caller: SystemCaller, items: Sequence[KeyedEvent]) -> list[Answer | None]:
    """None for one whose key an item before it has: it is answered by that one's answer, once that is there."""
    now = services.clock()
    answers: dict[int, Answer] = {}
    async with services.database.write() as session:
        connection = await driver(session)
        fresh = _first_of_each_key(items)
        known = await find_answers(connection, [KeyId(caller.client, items[place].key) for place in fresh])
        waiting: dict[int, ActionSubmission] = {}
        refused: dict[int, ActionOutcome] = {}
        for place in fresh:
            answer = known.get(KeyId(caller.client, items[place].key))
            if answer is not None:
                answers[place] = _repeated(answer, canonical_event(services, items[place].event))
                continue
            told = await _submitted(services, session, caller, items[place].event, now=now)
            if isinstance(told, DomainError):
                refused[place] = told
            else:
                waiting[place] = told
        recorded = await record_actions(session, list(waiting.values()), programmes=services.programmes, now=now)
        outcomes = refused | dict(zip(waiting, recorded, strict=True))
        answers |= {place: _encoded(outcome) for place, outcome in outcomes.items()}
        binding = [
            (
                KeyId(caller.client, items[place].key),
                StoredAnswer(canonical_event(services, items[place].event), *answers[place]),
            )
            for place, outcome in sorted(outcomes.items())
            if not isinstance(outcome, DomainError) or isinstance(outcome, _BINDING)
        ]
        await store_answers(connection, binding, now=now)
        await session.commit()
    return [answers.get(place) for place in range(len(items))]


def _first_of_each_key(items: Sequence[KeyedEvent]) -> list[int]:
    return sorted({item.key: place for place, item in reversed(list(enumerate(items)))}.values())


async def _submitted(
    services: Services, session: WriteSession, caller: SystemCaller, event: Event, *, now: datetime
) -> ActionSubmission | DomainError:
    try:
        return await submission_of(services, session, caller, event, now=now)
    except DomainError as error:
        return error


def _repeated(answer: StoredAnswer, body: bytes) -> Answer:
    try:
        return Answer(*repeat_of(answer, body))
    except DomainError as error:
        return Answer(*encode_refusal(error))


def _encoded(outcome: ActionOutcome) -> Answer:
    if isinstance(outcome, DomainError):
        return Answer(*encode_refusal(outcome))
    return Answer(201, msgspec.json.encode(view_action(outcome)))
