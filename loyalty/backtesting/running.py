"""Reliving a part of the members, from the database to its totals."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from loyalty.backtesting.past import past_purchases
from loyalty.backtesting.question import Part, Question
from loyalty.backtesting.reliving import Relived, Reliving
from loyalty.backtesting.tiers import tier_movers
from loyalty.backtesting.totals import Adding, Totals
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.programme.versions import PublishedProgrammes

if TYPE_CHECKING:
    from asyncpg import Connection, Record

DRAFT_VERSION = 0
"""The number of a document that was never published."""


async def relive(
    connection: "Connection[Record]",
    question: Question,
    part: Part,
    draft: ProgrammeSnapshot,
    programmes: PublishedProgrammes,
) -> AsyncIterator[Relived]:
    """The part's purchases of the question. ``draft`` is the question's document, compiled. Needs a transaction."""
    reliving = Reliving(question, part, draft, programmes)
    member_id = None
    async for past in past_purchases(connection, question, part):
        if past.member_id != member_id and not question.has_budgets:
            for relived in reliving.settle():
                yield relived
        member_id = past.member_id
        for relived in reliving.live_through(past):
            yield relived
    for relived in reliving.settle():
        yield relived


async def add_up(
    connection: "Connection[Record]",
    question: Question,
    part: Part,
    draft: ProgrammeSnapshot,
    programmes: PublishedProgrammes,
) -> Totals:
    """The totals of a part."""
    adding = Adding(draft, programmes.by_version, now=question.recorded_by)
    async for relived in relive(connection, question, part, draft, programmes):
        adding.take(relived)
    totals = adding.totals()
    if adding.members:
        now = question.recorded_by
        current = programmes.at(now)
        totals.move(await tier_movers(connection, adding.members, adding.changed_days, draft, current, now=now))
    return totals
