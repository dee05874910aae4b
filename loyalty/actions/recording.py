"""Recording what members did: the story of an action, for one as for five hundred.

A phone's claim, an event of another system, a queue of them and what our own jobs find out are the same call. The same
act is recognised by the source's name for it and by its natural key; everything is decided before anything is written;
nothing is raised for a business reason, so that one refusal does not roll back its neighbours.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from kernel.database import WriteSession, driver
from kernel.errors import DomainError
from loyalty.actions.batch import Batch, read_batch
from loyalty.actions.deciding import decide
from loyalty.actions.outcome import ActionOutcome, ActionSubmission, RecordedAction
from loyalty.actions.writing import announce_actions, write_actions, write_events, write_proofs
from loyalty.counters import write_counters
from loyalty.ledger.writing import write_accounts
from loyalty.programme.versions import Programmes
from loyalty.tiers.writing import write_standings

if TYPE_CHECKING:
    from asyncpg import Connection, Record


async def record_actions(
    session: WriteSession, submissions: Sequence[ActionSubmission], *, programmes: Programmes, now: datetime
) -> list[ActionOutcome]:
    """Record ``submissions``; one outcome each, in their order: the action, recorded now or before, or why not.

    Members are waited for, in ascending order, and merges followed. Two calls that tell of the same event at the same
    time, of different members, meet at the registry: the loser's transaction breaks (unique violation) and is to be
    run again. The caller commits.
    """
    connection = await driver(session)
    batch = await read_batch(connection, submissions, programmes=programmes, now=now)
    outcomes = [
        decide(prepared, batch, actor=submission.actor)
        for submission, prepared in zip(submissions, batch.prepared, strict=True)
    ]
    await _write(connection, batch)
    return outcomes


async def record_action(
    session: WriteSession, submission: ActionSubmission, *, programmes: Programmes, now: datetime
) -> RecordedAction:
    """The same for one; raises what ``record_actions`` answers."""
    (outcome,) = await record_actions(session, [submission], programmes=programmes, now=now)
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


async def _write(connection: "Connection[Record]", batch: Batch) -> None:
    """Everything that was decided, a statement a table."""
    await write_accounts(connection, [account for account in batch.accounts.values() if account.is_changed])
    await write_standings(connection, batch.standings.values(), now=batch.now)
    await write_actions(connection, batch.posted)
    await write_proofs(connection, batch.proofs)
    await write_counters(connection, batch.counters)
    await write_events(connection, batch.events)
    await announce_actions(connection, batch.posted, now=batch.now)
