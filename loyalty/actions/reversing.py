"""Taking back what an action earned: a referral whose purchase came back, an approval that was wrong."""

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from kernel.database import WriteSession, driver
from kernel.events import publish
from loyalty.actions.errors import ActionNotReversibleError
from loyalty.actions.freezing import given_back
from loyalty.actions.outcome import RecordedAction
from loyalty.actions.reading import lock_action
from loyalty.actions.tiers import take_back_action
from loyalty.actions.writing import change_action
from loyalty.counters import load_counters, write_counters
from loyalty.events import ActionReversed
from loyalty.ledger.account import Account
from loyalty.ledger.claw_back import claw_back
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.moving import forfeit
from loyalty.ledger.writing import write_accounts
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.publishing import snapshot_of
from loyalty.programme.versions import Programmes
from loyalty.refunds.applying import effect_of, shortfall_policy
from loyalty.refunds.returned import WalletEffect
from loyalty.refunds.tracing import EarnedLots, trace_earned
from loyalty.tiers.opening import open_standing
from loyalty.tiers.writing import write_standings

if TYPE_CHECKING:
    from asyncpg import Connection, Record


async def reverse_action(
    session: WriteSession,
    key: tuple[int, int] | None,
    *,
    reason: str,
    actor: str,
    programmes: Programmes,
    now: datetime,
) -> RecordedAction:
    """Take back the points of the accepted action with the key (member, number), once. ``reason`` is a code.

    Its own lots are used first, then as the wallet's debt policy says. What it used of caps and budgets is free again;
    the act itself stays known, so that it is not paid a second time. Raises ``ActionNotFoundError`` and
    ``ActionNotReversibleError``.
    """
    connection = await driver(session)
    account, action = await lock_action(connection, key, now=now)
    if action.status != "accepted" or action.reversed_at is not None:
        raise ActionNotReversibleError(status=action.status, reversed_at=action.reversed_at)
    current = programmes.at(now)
    standing = await open_standing(connection, account, current.tier_plan, now=now)
    act = Act(Cause("action", action.action_no), actor, now, now, reason)
    effect = await _take(connection, account, action, current.document, act)
    reversed_action = replace(action, reversed_at=now, reason=reason, effect=effect)
    if standing is not None:
        take_back_action(standing, account, reversed_action, now=now)
    if account.status == "erased":
        forfeit(account, act)
    await write_accounts(connection, [account])
    await write_standings(connection, [standing] if standing else [], now=now)
    await _return_to_counters(session, account, action, programmes)
    await change_action(connection, reversed_action)
    event = ActionReversed(
        member_id=account.member_id,
        action_no=action.action_no,
        action_type=action.type,
        reversed_at=now,
        points_taken={each.wallet: each.taken for each in effect},
    )
    await publish(connection, [event], now=now)
    return reversed_action


async def _take(
    connection: "Connection[Record]", account: Account, action: RecordedAction, document: ProgrammeDocument, act: Act
) -> tuple[WalletEffect, ...]:
    """What was done, by wallet."""
    traced = await trace_earned(connection, account, action.member_id, act.cause)
    effects = []
    for wallet, points in sorted(action.earned.items()):
        if not points:
            continue
        own = traced.get(wallet, EarnedLots())
        taken = claw_back(
            account,
            wallet,
            points,
            act,
            cause=act.cause,
            own_lots=own.lots,
            expired_unspent=own.expired_unspent,
            promised=own.held + own.repaid_debt,
            policy=shortfall_policy(document, wallet),
        )
        effects.append(effect_of(wallet, taken, 0))
    return tuple(effects)


async def _return_to_counters(
    session: WriteSession, account: Account, action: RecordedAction, programmes: Programmes
) -> None:
    programme = await snapshot_of(session, programmes, action.programme_version)
    uses, budget_uses = given_back(action.evaluation, programme)
    if not uses and not budget_uses:
        return
    connection = await driver(session)
    counters = await load_counters(
        connection, [account.member_id, action.member_id], [action.local_date], budgeted_rules=budget_uses
    )
    counters.count(account.member_id, uses, {})
    # A merge moves the counters of caps and no slice of a budget: the action drew on its own member's.
    counters.count(action.member_id, (), budget_uses)
    await write_counters(connection, counters)
