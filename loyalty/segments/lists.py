"""Segments that staff keep as lists: replaced, added to, taken from, counted, walked through.

A member who was merged stands for the survivor. Changing a list twice changes nothing more. One list is changed by
one transaction at a time; a member who is merged or erased in that very moment may be missed, or keep a row that no
sale reads any more.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from msgspec import Struct

from kernel.database import ReadSession, WriteSession, driver
from loyalty.csv_files import LineProblem
from loyalty.ledger.forwarding import surviving_members
from loyalty.segments.files import COLUMN, MOST_PROBLEMS, MemberListInvalidError

if TYPE_CHECKING:
    from asyncpg import Connection, Record

ListMode: TypeAlias = Literal["replace", "add", "remove"]

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('comeback.segment.' || $1, 0))"
_LIVING = "SELECT member_id FROM member WHERE member_id = ANY($1::bigint[]) AND status IN ('active', 'blocked')"
_ADD = """
INSERT INTO segment_member (member_id, segment_code, added_at)
SELECT m, $2, $3 FROM unnest($1::bigint[]) AS m ORDER BY m ON CONFLICT DO NOTHING
"""
_REMOVE = "DELETE FROM segment_member WHERE segment_code = $2 AND member_id = ANY($1::bigint[])"
_REMOVE_OTHERS = "DELETE FROM segment_member WHERE segment_code = $2 AND member_id <> ALL($1::bigint[])"
_COUNT = """
SELECT segment_code, count(*) FROM segment_member WHERE segment_code = ANY($1::text[]) GROUP BY segment_code
"""
_PAGE = """
SELECT member_id FROM segment_member WHERE segment_code = $1 AND member_id > $2 ORDER BY member_id LIMIT $3
"""
_EVERYBODY: Final = 0


class ListChange(Struct, frozen=True, kw_only=True):
    """What a change of a list did."""

    added: int
    removed: int
    members: int
    """On the list afterwards."""


async def change_list(
    session: WriteSession, code: str, lines: Mapping[int, int], mode: ListMode, *, now: datetime
) -> ListChange:
    """Put the members of ``lines`` (number to the line that names it) on the list ``code``, or take them off it.

    Raises ``MemberListInvalidError`` with the line of each member who does not exist; nothing is changed then.
    """
    connection = await driver(session)
    await connection.execute(_ONE_AT_A_TIME, code)
    members = await _survivors(session, lines)
    added = removed = 0
    if mode != "add":
        removed = _rows(await connection.execute(_REMOVE if mode == "remove" else _REMOVE_OTHERS, members, code))
    if mode != "remove":
        added = _rows(await connection.execute(_ADD, members, code, now))
    total = (await count_listed(session, [code]))[code]
    return ListChange(added=added, removed=removed, members=total)


async def change_membership(
    connection: "Connection[Record]",
    code: str,
    members: Collection[int],
    change: Literal["add", "remove"],
    now: datetime,
) -> set[int]:
    """Put living members on the list ``code``, or take members off it; answers those for whom that was a change."""
    await connection.execute(_ONE_AT_A_TIME, code)
    if change == "add":
        rows = await connection.fetch(_ADD + "RETURNING member_id", list(members), code, now)
    else:
        rows = await connection.fetch(_REMOVE + " RETURNING member_id", list(members), code)
    return {row[0] for row in rows}


async def count_listed(session: ReadSession, codes: Collection[str]) -> dict[str, int]:
    """How many members stand on each of the lists ``codes``."""
    rows = await (await driver(session)).fetch(_COUNT, list(codes))
    return dict.fromkeys(codes, 0) | {row[0]: row[1] for row in rows}


async def listed_members(session: ReadSession, code: str, *, after: int | None, limit: int) -> Sequence[int]:
    """The first ``limit`` members of a list whose number is above ``after``, in ascending order."""
    rows = await (await driver(session)).fetch(_PAGE, code, _EVERYBODY if after is None else after, limit)
    return [row[0] for row in rows]


async def _survivors(session: WriteSession, lines: Mapping[int, int]) -> list[int]:
    connection = await driver(session)
    forwarded = await surviving_members(connection, lines.keys())
    named = {member_id: forwarded.get(member_id, member_id) for member_id in lines}
    living = {row[0] for row in await connection.fetch(_LIVING, list(named.values()))}
    problems = sorted(
        (LineProblem(lines[member_id], COLUMN, "is nobody") for member_id, now in named.items() if now not in living),
        key=lambda problem: problem.line,
    )
    if problems:
        raise MemberListInvalidError(problems[:MOST_PROBLEMS])
    return sorted(set(named.values()))


def _rows(status: str) -> int:
    return int(status.rpartition(" ")[2])
