"""Keeping an evaluation beside its action: enough to explain it, to evaluate it later, and to give back its limits."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct, field

from loyalty.actions.evaluate import ActionEvaluation, EarningAction
from loyalty.earning.calendar import period_keys
from loyalty.earning.evaluation import CapUse, FiredRule
from loyalty.earning.purchase import Headroom, MemberFacts
from loyalty.programme.snapshot import ProgrammeSnapshot

FORMAT = 1
"""Raised when the meaning of a member changes. Defaults below are part of the format: absent means empty."""


class FrozenAction(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An action's facts and, once it was evaluated, what came of it."""

    format: int
    programme_version: int
    action: EarningAction
    member: MemberFacts
    evaluated: bool = False
    """False while it waits, and for good where the member could not earn."""
    fired: tuple[FiredRule, ...] = ()
    missed: dict[str, str] = field(default_factory=dict)
    """Reason to the rules it kept out, hexadecimal bits in the order of the action's rules in that version."""
    details: dict[str, str] = field(default_factory=dict)
    headroom: Headroom = Headroom()


def freeze_facts(action: EarningAction, member: MemberFacts, programme: ProgrammeSnapshot) -> FrozenAction:
    """What is kept of an action that is not evaluated, or not yet."""
    return FrozenAction(format=FORMAT, programme_version=programme.version, action=action, member=member)


def freeze(evaluation: ActionEvaluation) -> FrozenAction:
    """What is to be kept of ``evaluation``."""
    return FrozenAction(
        format=FORMAT,
        programme_version=evaluation.programme_version,
        action=evaluation.action,
        member=evaluation.member,
        evaluated=True,
        fired=evaluation.fired,
        missed={reason: f"{rules:x}" for reason, rules in evaluation.missed.items()},
        details=evaluation.details,
        headroom=evaluation.headroom,
    )


def thaw(kept: Mapping[str, object]) -> FrozenAction:
    """Read back what was frozen. Raises ``msgspec.ValidationError`` for something else, or of a later format."""
    frozen = msgspec.convert(kept, FrozenAction)
    if frozen.format > FORMAT:
        raise msgspec.ValidationError(f"written by a later release: format {frozen.format}")
    return frozen


def given_back(frozen: FrozenAction, programme: ProgrammeSnapshot) -> tuple[tuple[CapUse, ...], dict[str, int]]:
    """What the action used of caps and budgets, negative: to be counted when it is taken back."""
    rules = {rule.code: rule for rule in programme.actions[frozen.action.type].rules}
    keys = period_keys(frozen.action.local_date)
    uses = tuple(
        CapUse(paid.rule, period, keys[period], -paid.points)
        for paid in frozen.fired
        for period, _ in rules[paid.rule].caps
    )
    return uses, {paid.rule: -paid.points for paid in frozen.fired if rules[paid.rule].budgeted}
