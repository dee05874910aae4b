"""Everything that is wrong with a programme document, at once."""

import asyncio

from loyalty.programme.checks.action_rules import check_action_rules
from loyalty.programme.checks.actions import check_actions
from loyalty.programme.checks.costs import check_costs
from loyalty.programme.checks.goals import check_goals
from loyalty.programme.checks.policies import check_programme_policies
from loyalty.programme.checks.ranges import check_ranges
from loyalty.programme.checks.reach import check_reach
from loyalty.programme.checks.referrals import check_referrals
from loyalty.programme.checks.rewards import check_rewards
from loyalty.programme.checks.rules import check_rules
from loyalty.programme.checks.segments import check_segments
from loyalty.programme.checks.settings import check_settings
from loyalty.programme.checks.spending import check_spending
from loyalty.programme.checks.tiers import check_tiers
from loyalty.programme.checks.translations import check_translations
from loyalty.programme.checks.wallets import check_wallets
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.problems import ProgrammeProblem

__all__ = ["ProgrammeProblem", "problems_of", "validate"]

_CHECKS = (
    check_ranges,
    check_settings,
    check_wallets,
    check_spending,
    check_tiers,
    check_segments,
    check_programme_policies,
    check_rules,
    check_rewards,
    check_actions,
    check_action_rules,
    check_costs,
    check_reach,
    check_translations,
    check_referrals,
    check_goals,
)


def validate(document: ProgrammeDocument) -> list[ProgrammeProblem]:
    """Every problem of ``document``, none left for the next try. Without an ``error`` it can be published."""
    return [problem for check in _CHECKS for problem in check(document)]


async def problems_of(document: ProgrammeDocument) -> list[ProgrammeProblem]:
    """The same, found in a thread: compiling hundreds of conditions takes a second in which tills are served."""
    return await asyncio.to_thread(validate, document)
