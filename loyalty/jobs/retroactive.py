"""What a retroactive job asks the past."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from loyalty.backtesting.question import Part, Question
from loyalty.jobs.kinds import Retroactive
from loyalty.jobs.owing import Owed, owed_for
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.programme.versions import PublishedProgrammes

if TYPE_CHECKING:
    from asyncpg import Connection, Record


def question_of(asked: Retroactive, members: Collection[int] | None, *, recorded_by: datetime) -> Question:
    """What the past is asked. Receipts that moved in are left out: what an earlier system paid is not paid again."""
    return Question(
        document=asked.document,
        recorded_by=recorded_by,
        first_day=asked.first_day,
        until_day=asked.until_day,
        rules=asked.rules,
        members=None if members is None else tuple(sorted(members)),
        with_moved_in=False,
    )


async def owed_now(
    connection: "Connection[Record]",
    asked: Retroactive,
    members: Collection[int],
    draft: ProgrammeSnapshot,
    programmes: PublishedProgrammes,
    *,
    now: datetime,
) -> list[Owed]:
    """What a few members who are locked are owed now."""
    question = question_of(asked, members, recorded_by=now)
    # One list at a time: with budgets the parts are slices, and a preview's other members are not among these.
    part = Part(members=question.members)
    return [
        each for fact in asked.facts for each in await owed_for(fact, connection, question, part, draft, programmes)
    ]
