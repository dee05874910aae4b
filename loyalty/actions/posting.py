"""One accepted action against one account in memory: what it earns, and what is kept about it. Pure."""

from msgspec import Struct

from loyalty.actions.evaluate import EarningAction, evaluate_action
from loyalty.actions.freezing import FrozenAction, freeze, freeze_facts
from loyalty.counters import Counters
from loyalty.earning.calendar import period_keys
from loyalty.earning.evaluation import CapUse, points_by_wallet
from loyalty.earning.purchase import MemberFacts
from loyalty.ledger.account import Account
from loyalty.ledger.earning import earn, grants_of, has_room_for, why_it_cannot_earn
from loyalty.ledger.entries import Act
from loyalty.programme.rules import CAP_PERIODS
from loyalty.programme.snapshot import ProgrammeSnapshot


class Accepted(Struct, frozen=True):
    """What accepting an action came to."""

    evaluation: FrozenAction
    earned: dict[str, int]
    flags: tuple[str, ...]
    """Why it was not evaluated, where it was not."""


def accept(
    action: EarningAction,
    member: MemberFacts,
    account: Account,
    programme: ProgrammeSnapshot,
    counters: Counters,
    act: Act,
) -> Accepted:
    """Evaluate the action and earn. What is due must have been applied.

    A member who cannot earn gets nothing, and a flag says why: what was done is a fact.
    """
    if refused := why_it_cannot_earn(account):
        return Accepted(freeze_facts(action, member, programme), {}, refused)
    headroom = counters.headroom(account.member_id, action.local_date)
    evaluation = evaluate_action(action, member, programme, headroom)
    earned = points_by_wallet(evaluation.groups)
    if not has_room_for(account, earned):
        return Accepted(freeze_facts(action, member, programme), {}, ("wallet_full",))
    earn(account, grants_of(evaluation.groups, action.occurred_at), act)
    counters.count(account.member_id, evaluation.cap_uses, evaluation.budget_uses)
    return Accepted(freeze(evaluation), earned, ())


def count_uses(action: EarningAction, programme: ProgrammeSnapshot, times: int) -> tuple[CapUse, ...]:
    """That the action was done ``times`` more, in each period for which its type has a limit."""
    limits = programme.actions[action.type].declared.limits
    keys = period_keys(action.local_date)
    return tuple(
        CapUse(counter_of(action.type), period, keys[period], times)
        for period in CAP_PERIODS
        if getattr(limits, period) is not None
    )


def counter_of(action_type: str) -> str:
    """Under which name it is counted how often an action was done. No rule can have it."""
    return f"action:{action_type}"
