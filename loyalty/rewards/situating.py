"""Reading what decides whether a member may have rewards."""

from datetime import date, datetime
from typing import TYPE_CHECKING

from loyalty.ledger.account import Account
from loyalty.members.family import family_of
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.rewards.eligibility import Situation
from loyalty.rewards.states import COUNTED
from loyalty.segments.membership import facts_of

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_ISSUED = f"""
SELECT reward, local_date, count(*) AS issued FROM redemption
WHERE member_id = ANY($1::bigint[]) AND {COUNTED} GROUP BY 1, 2
"""  # noqa: S608 - put together from a constant


async def read_situation(
    connection: "Connection[Record]",
    account: Account,
    programme: ProgrammeSnapshot,
    *,
    left: dict[str, int | None],
    now: datetime,
) -> Situation:
    """The member's situation; with the member locked, and ``left`` locked after that, it stays what it is.

    What a merged member was issued counts for the survivor.
    """
    facts = (await facts_of(connection, {account.member_id: account}, programme, now=now))[account.member_id]
    issued: dict[str, dict[date, int]] = {}
    for reward, day, number in await connection.fetch(_ISSUED, await family_of(connection, account.member_id), now):
        issued.setdefault(reward, {})[day] = number
    return Situation(account, facts, issued, left, now)
