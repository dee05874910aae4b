"""Who would move between tiers if a document were published: counted from what is stored, nothing is written."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from kernel.database import ReadSession, driver
from loyalty.ledger.account import Account
from loyalty.programme.document import ProgrammeDocument
from loyalty.tiers.facts import count_anew
from loyalty.tiers.keeping import catch_up, tier_under
from loyalty.tiers.loading import load_standings
from loyalty.tiers.measures import Days, add_to
from loyalty.tiers.plan import TierPlan, tier_plan
from loyalty.tiers.standing import Standing

if TYPE_CHECKING:
    from asyncpg import Connection, Record

MOST_MEMBERS: Final = 10_000
"""How many a preview looks at; of more members every so-many-th."""
_AT_ONCE: Final = 1_000
_COUNT: Final = "SELECT count(*) FROM member WHERE status IN ('active', 'blocked')"
_MEMBERS: Final = """
SELECT member_id, zone, status, recorded_at, enrolled_at, language, tier FROM member
WHERE member_id > $1 AND member_id % $2 = 0 AND status IN ('active', 'blocked') ORDER BY member_id LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class TierMoves:
    """So many members would go from one tier to another; to the same: they would stay."""

    from_tier: str | None
    to_tier: str | None
    members: int


@dataclass(frozen=True, slots=True)
class TierPreview:
    """What publishing would do to tiers at this moment."""

    members: int
    """All members."""
    members_examined: int
    one_in: int
    """Every so-many-th member was looked at."""
    moves: tuple[TierMoves, ...]
    """Of those examined."""


async def preview_tiers(
    session: ReadSession, draft: ProgrammeDocument, current: TierPlan | None, *, now: datetime
) -> TierPreview:
    """Count moves from the tiers under ``current`` (None: nothing is published) to those under a valid ``draft``."""
    connection = await driver(session)
    total: int = await connection.fetchval(_COUNT)
    one_in = max(1, -(-total // MOST_MEMBERS))
    plan = tier_plan(0, draft)
    moves: Counter[tuple[str | None, str | None]] = Counter()
    after, examined = 0, 0
    while rows := await connection.fetch(_MEMBERS, after, one_in, _AT_ONCE):
        accounts = {row["member_id"]: Account(*row) for row in rows}
        moves.update((await tiers_between(connection, accounts, current, plan, now=now)).values())
        examined += len(rows)
        after = rows[-1]["member_id"]
    return TierPreview(total, examined, one_in, tuple(TierMoves(*move, count) for move, count in _sorted(moves)))


async def tiers_between(
    connection: "Connection[Record]",
    accounts: dict[int, Account],
    current: TierPlan | None,
    plan: TierPlan,
    *,
    changes: Mapping[int, Days] | None = None,
    now: datetime,
) -> dict[int, tuple[str | None, str | None]]:
    """By member: the tier that they have under ``current``, and that under ``plan``, had their days also come to
    ``changes``. Members who are merged or erased are absent. Nothing is written.
    """
    between = {}
    for member_id, standing in (await _standings(connection, accounts, current or plan, now=now)).items():
        account = accounts[member_id]
        before = account.tier
        for day, measures in (changes or {}).get(member_id, {}).items():
            add_to(standing.days, day, measures)
        # Where a draft has nothing to earn, publishing it leaves every tier as it is.
        between[member_id] = (before, tier_under(standing, account, plan, now=now) if plan.active else before)
    return between


async def _standings(
    connection: "Connection[Record]", accounts: dict[int, Account], current: TierPlan, *, now: datetime
) -> dict[int, Standing]:
    if not (current.version and current.active):
        placed = [member_id for member_id, account in accounts.items() if account.status in {"active", "blocked"}]
        counted = await count_anew(connection, placed)
        return {member_id: Standing(member_id, current, days=days) for member_id, days in counted.items()}
    standings = await load_standings(connection, accounts, current)
    for member_id, standing in standings.items():
        catch_up(standing, accounts[member_id], now=now)
    return standings


def _sorted(
    moves: Counter[tuple[str | None, str | None]],
) -> list[tuple[tuple[str | None, str | None], int]]:
    return sorted(moves.items(), key=lambda move: (move[0][0] or "", move[0][1] or ""))
