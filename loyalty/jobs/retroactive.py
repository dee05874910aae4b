"""What a retroactive job gives or takes: the difference between what was asked and what purchases were really paid."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from loyalty.backtesting.question import Part, Question
from loyalty.backtesting.running import member_sums
from loyalty.backtesting.totals import MemberSum
from loyalty.jobs.kinds import Direction, Retroactive
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.programme.versions import PublishedProgrammes

if TYPE_CHECKING:
    from asyncpg import Connection, Record

Amounts = dict[int, dict[str, int]]
"""Member -> wallet -> points, negative to take. Members to whom nothing happens are absent."""


def question_of(asked: Retroactive, members: Collection[int] | None, *, recorded_by: datetime) -> Question:
    """What the past is asked."""
    return Question(
        document=asked.document,
        recorded_by=recorded_by,
        first_day=asked.first_day,
        until_day=asked.until_day,
        rules=asked.rules,
        members=None if members is None else tuple(sorted(members)),
    )


def amounts_of(sums: Iterable[MemberSum], direction: Direction) -> Amounts:
    """The differences that the direction lets through."""
    amounts: Amounts = {}
    for each in sums:
        if (each.difference > 0 and direction != "take_back") or (each.difference < 0 and direction != "pay"):
            amounts.setdefault(each.member_id, {})[each.wallet] = each.difference
    return amounts


async def amounts_now(
    connection: "Connection[Record]",
    asked: Retroactive,
    members: Collection[int],
    draft: ProgrammeSnapshot,
    programmes: PublishedProgrammes,
    *,
    now: datetime,
) -> Amounts:
    """The same for a few members who are locked: what a preview would say of them now."""
    question = question_of(asked, members, recorded_by=now)
    # One list at a time: with budgets the parts are slices, and a preview's other members are not among these.
    sums = await member_sums(connection, question, Part(members=question.members), draft, programmes)
    return amounts_of(sums, asked.direction)
