"""What members are owed for the past: what each fact would earn under each rule beyond what it was paid already.

Paid by the programme, or by an earlier job: what jobs paid is kept by member, fact and rule (``JobPayment``), so that a
second job for the same past owes nothing, and one for a longer past owes the rest. What a job paid that was taken back
is owed again.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct

from kernel.database import RowWriter
from loyalty.backtesting.question import Part, Question
from loyalty.backtesting.reliving import Relived
from loyalty.backtesting.reliving_actions import relive_actions
from loyalty.backtesting.running import relive
from loyalty.jobs.kinds import Direction, FactKind
from loyalty.models import JobPayment
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.programme.versions import PublishedProgrammes

if TYPE_CHECKING:
    from asyncpg import Connection, Record

Amounts: TypeAlias = dict[int, dict[str, int]]
"""Member -> wallet -> points, negative to take. Members to whom nothing happens are absent."""
_PAID: Final = """
SELECT p.member_id, p.fact_no, p.rule, p.wallet, sum(p.points)::bigint AS points
FROM job_payment AS p JOIN job_item AS i USING (member_id, job_id)
WHERE p.member_id BETWEEN $1 AND $2 AND ($3::bigint[] IS NULL OR p.member_id = ANY($3)) AND p.fact = $4
  AND i.state = 'applied'
GROUP BY 1, 2, 3, 4
"""
_PAYMENTS: Final = RowWriter(JobPayment, "member_id", "fact", "fact_no", "rule", "wallet", "job_id", "points")


class Owed(Struct, frozen=True):
    """What one fact is owed under one rule; negative: it has too much."""

    member_id: int
    fact: FactKind
    fact_no: int
    rule: str
    wallet: str
    points: int


async def owed_for(
    fact: FactKind,
    connection: "Connection[Record]",
    question: Question,
    part: Part,
    draft: ProgrammeSnapshot,
    programmes: PublishedProgrammes,
) -> list[Owed]:
    """Everything that is owed to a part of the members for their purchases, or for their actions."""
    paid = await _paid_by_jobs(connection, fact, part)
    drafted_into = _wallets(draft)
    happened_into = {version: _wallets(programme) for version, programme in programmes.by_version.items()}
    owed = []
    async for relived in _relived(fact, connection, question, part, draft, programmes):
        points: defaultdict[tuple[str, str], int] = defaultdict(int)
        for rule, amount in relived.drafted.items():
            points[rule, drafted_into[rule]] += amount
        for rule, amount in relived.happened.items():
            points[rule, happened_into[relived.happened_under][rule]] -= amount
        for (rule, wallet), amount in paid.get((relived.member_id, relived.fact_no), _NOTHING).items():
            if question.rules is None or rule in question.rules:
                points[rule, wallet] -= amount
        key = (relived.member_id, fact, relived.fact_no)
        owed += [Owed(*key, rule, wallet, amount) for (rule, wallet), amount in points.items() if amount]
    return owed


_NOTHING: Mapping[tuple[str, str], int] = {}


async def sums_owed_for(
    fact: FactKind,
    connection: "Connection[Record]",
    question: Question,
    part: Part,
    draft: ProgrammeSnapshot,
    programmes: PublishedProgrammes,
) -> Amounts:
    """The same by member and wallet."""
    return sums_of(await owed_for(fact, connection, question, part, draft, programmes))


def sums_of(owed: Iterable[Owed]) -> Amounts:
    """By member and wallet."""
    sums: Amounts = {}
    for each in owed:
        add_to(sums, {each.member_id: {each.wallet: each.points}})
    return sums


def add_to(sums: Amounts, others: Amounts) -> None:
    """Take ``others`` in."""
    for member_id, wallets in others.items():
        mine = sums.setdefault(member_id, {})
        for wallet, points in wallets.items():
            mine[wallet] = mine.get(wallet, 0) + points


def let_through(sums: Amounts, direction: Direction) -> Amounts:
    """The sums that the direction lets through."""
    amounts: Amounts = {}
    for member_id, wallets in sums.items():
        for wallet, points in wallets.items():
            if (points > 0 and direction != "take_back") or (points < 0 and direction != "pay"):
                amounts.setdefault(member_id, {})[wallet] = points
    return amounts


async def note_payments(
    connection: "Connection[Record]", job_id: int, owed: Iterable[Owed], paid: Mapping[int, Collection[str]]
) -> None:
    """Note that the job has paid (or taken) what is ``owed``, to the members of ``paid`` in these wallets of theirs."""
    rows = [
        (each.member_id, each.fact, each.fact_no, each.rule, each.wallet, job_id, each.points)
        for each in owed
        if each.wallet in paid.get(each.member_id, ())
    ]
    await _PAYMENTS.write(connection, rows)


def _relived(
    fact: FactKind,
    connection: "Connection[Record]",
    question: Question,
    part: Part,
    draft: ProgrammeSnapshot,
    programmes: PublishedProgrammes,
) -> AsyncIterator[Relived]:
    if fact == "action":
        return relive_actions(connection, question, part, draft)
    return relive(connection, question, part, draft, programmes)


async def _paid_by_jobs(
    connection: "Connection[Record]", fact: FactKind, part: Part
) -> Mapping[tuple[int, int], Mapping[tuple[str, str], int]]:
    """Member and number of a fact -> rule and wallet -> what jobs have paid for it that were not taken back."""
    paid: dict[tuple[int, int], dict[tuple[str, str], int]] = {}
    for row in await connection.fetch(_PAID, part.first_member, part.last_member, part.members, fact):
        by_rule = paid.setdefault((row["member_id"], row["fact_no"]), {})
        by_rule[row["rule"], row["wallet"]] = row["points"]
    return paid


def _wallets(programme: ProgrammeSnapshot) -> Mapping[str, str]:
    """Rule to the wallet that it pays into."""
    of_actions = (rule for action in programme.actions.values() for rule in action.rules)
    return {rule.code: rule.wallet for rule in (*programme.rules, *of_actions)}
