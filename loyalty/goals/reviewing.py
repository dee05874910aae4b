"""Looking at a member's goals anew, under their lock: what is reached and not paid, what is paid and not reached."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from kernel.database import WriteSession, driver
from loyalty.goals.awards import Step, crossed_step, read_awards, step_of
from loyalty.goals.counting import Bought, total_of
from loyalty.goals.declared import Goals
from loyalty.goals.facts import read_bought
from loyalty.goals.folding import Crossing, crossings, reached_at_end
from loyalty.goals.periods import Period, period_named
from loyalty.members.family import family_of
from loyalty.models import GoalAward


class Settlement(NamedTuple):
    """A period of a goal that is over and due."""

    goal: str
    period: Period
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Review:
    """What is to be done for one member."""

    member_id: int
    awards: Sequence[GoalAward]
    """All of the periods that were looked at."""
    undone: list[GoalAward]
    """Whose amount is not there any more."""
    crossed: list[Crossing]
    """Not paid yet, or among those that are undone."""

    def times(self, step: Step) -> int:
        """The how-manyeth time the threshold is reached now."""
        return 1 + max((award.times for award in self.awards if step_of(award) == step), default=0)

    def own_award(self, step: Step) -> GoalAward | None:
        """The row that the member has for it, of an earlier time."""
        return next(
            (award for award in self.awards if award.member_id == self.member_id and step_of(award) == step), None
        )


async def review_goals(
    session: WriteSession,
    member_id: int,
    goals: Goals,
    *,
    periods: Collection[Period],
    settling: Collection[Settlement] = (),
) -> Review:
    """Look at these periods of a locked, surviving member; and at those that are ``settling``."""
    connection = await driver(session)
    family = await family_of(connection, member_id)
    looked_at = {*periods, *(each.period for each in settling)}
    bought = await read_bought(
        connection,
        family,
        min(goals.history_from(period) for period in looked_at),
        max(period.last_day for period in looked_at),
        with_lines=goals.ask_for_lines,
    )
    awards = await read_awards(session, family, {period.name for period in looked_at})
    undone = [award for award in awards if award.taken_back_at is None and not stands(award, bought, goals)]
    live = {step_of(award) for award in awards if award.taken_back_at is None and award not in undone}
    found = [crossing for period in sorted(periods) for crossing in crossings(period, bought, goals)]
    for each in settling:
        found += _settled(each, bought, goals)
    first: dict[Step, Crossing] = {}
    for crossing in sorted(found, key=lambda each: each.at):
        if crossed_step(crossing) not in live:
            first.setdefault(crossed_step(crossing), crossing)
    return Review(member_id, awards, undone, list(first.values()))


def stands(award: GoalAward, bought: Sequence[Bought], goals: Goals) -> bool:
    """Whether what is left of the period's receipts is as much as the award was given for.

    What is asked for was frozen, an average too: what happens to earlier periods afterwards takes nothing back.
    """
    plan, period = goals.version(award.programme_version), period_named(award.period)
    goal = None if plan is None else plan.named(award.goal)
    assert plan is not None and goal is not None, "every version that an award names is kept"  # noqa: PT018
    return total_of(plan, goal, (each for each in bought if period.has(each.day))).of(goal) >= award.required


def _settled(settlement: Settlement, bought: Sequence[Bought], goals: Goals) -> list[Crossing]:
    plan = goals.at(settlement.due_at)
    goal = plan.named(settlement.goal)
    if goal is None or goal.paid != "at_end" or goal.period != settlement.period.kind:
        return []
    return list(reached_at_end(settlement.period, bought, plan, goal, at=settlement.due_at))
