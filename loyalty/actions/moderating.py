"""Staff decide about an action that waits: it counts from then on, by the facts of its own instant, or it does not."""

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from kernel.database import WriteSession, driver
from loyalty.actions.errors import ActionClaimedTwiceError, ActionNotWaitingError, ReasonMissingError
from loyalty.actions.freezing import freeze_facts
from loyalty.actions.outcome import RecordedAction
from loyalty.actions.posting import accept, count_uses
from loyalty.actions.reading import lock_action
from loyalty.actions.tiers import take_in_action
from loyalty.actions.writing import announce_actions, change_action, move_action
from loyalty.counters import load_counters, write_counters
from loyalty.ledger.account import Account
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.writing import write_accounts
from loyalty.members.family import family_of
from loyalty.programme.publishing import snapshot_of
from loyalty.programme.versions import Programmes
from loyalty.tiers.opening import open_standing
from loyalty.tiers.writing import write_standings

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_OTHER_CLAIM = """
SELECT EXISTS (
    SELECT FROM action
    WHERE member_id = ANY($1::bigint[]) AND type = $2 AND natural_key = $3 AND status IN ('accepted', 'waiting')
      AND (member_id, action_no) <> ($4, $5)
)
"""


class Decision(Struct, frozen=True, kw_only=True):
    """What staff say of an action."""

    accept: bool
    reason: str | None = None
    """A code; needed to reject."""


async def decide_action(
    session: WriteSession,
    key: tuple[int, int] | None,
    decision: Decision,
    *,
    actor: str,
    programmes: Programmes,
    now: datetime,
) -> RecordedAction:
    """Accept the waiting action with the key (member, number) and post its points now, or reject it.

    Whoever decides at the same time waits, and finds it decided. An action of a member who was merged since is accepted
    under a number of the survivor. Raises ``ActionNotFoundError``, ``ActionNotWaitingError``, ``ReasonMissingError``
    and, for one of two claims of the same act under members who were merged, ``ActionClaimedTwiceError``.
    """
    connection = await driver(session)
    account, action = await lock_action(connection, key, now=now)
    if action.status != "waiting":
        raise ActionNotWaitingError(status=action.status, reason=action.reason)
    if not decision.accept and decision.reason is None:
        raise ReasonMissingError
    decided = replace(action, decided_by=actor, decided_at=now, reason=decision.reason)
    if decision.accept:
        return await _accept(session, account, decided, programmes=programmes, now=now)
    return await _reject(session, account, decided, programmes=programmes, now=now)


async def _accept(
    session: WriteSession, account: Account, action: RecordedAction, *, programmes: Programmes, now: datetime
) -> RecordedAction:
    connection = await driver(session)
    if account.member_id != action.member_id:
        action = await _move(connection, account, action)
    programme = await snapshot_of(session, programmes, action.programme_version)
    plan = programmes.at(now).tier_plan
    standing = await open_standing(connection, account, plan, now=now)
    facts, compiled = action.evaluation, programme.actions[action.type]
    counters = await load_counters(
        connection, [account.member_id], [action.local_date], budgeted_rules=compiled.budgeted_rules
    )
    act = Act(Cause("action", action.action_no), action.decided_by or "", action.occurred_at, now)
    done = accept(facts.action, facts.member, account, programme, counters, act)
    accepted = replace(
        action, status="accepted", evaluation=done.evaluation, earned=done.earned, flags=(*action.flags, *done.flags)
    )
    if standing is not None:
        take_in_action(standing, account, accepted, now=now)
    await write_accounts(connection, [account])
    await write_standings(connection, [standing] if standing else [], now=now)
    await write_counters(connection, counters)
    await change_action(connection, accepted)
    await announce_actions(connection, [accepted], now=now)
    return accepted


async def _move(connection: "Connection[Record]", account: Account, action: RecordedAction) -> RecordedAction:
    """The action under a new number of the survivor: in whose journal its own number may be another's."""
    family = await family_of(connection, account.member_id)
    key = (action.member_id, action.action_no)
    if await connection.fetchval(_OTHER_CLAIM, family, action.type, action.natural_key, *key):
        raise ActionClaimedTwiceError
    moved = replace(action, member_id=account.member_id, action_no=account.next_action_no())
    await move_action(connection, action, moved)
    return moved


async def _reject(
    session: WriteSession, account: Account, action: RecordedAction, *, programmes: Programmes, now: datetime
) -> RecordedAction:
    """It counts for nothing, not against its limits either, and may be claimed again."""
    connection = await driver(session)
    programme = await snapshot_of(session, programmes, action.programme_version)
    facts = action.evaluation
    rejected = replace(action, status="rejected", evaluation=freeze_facts(facts.action, facts.member, programme))
    counters = await load_counters(connection, [account.member_id], [action.local_date])
    counters.count(account.member_id, count_uses(facts.action, programme, -1), {})
    await write_accounts(connection, [account])
    await write_counters(connection, counters)
    await change_action(connection, rejected)
    return rejected
