"""Actions as they stand in the books: one, a member's, and those that wait for staff."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from loyalty.actions.errors import ActionNotFoundError
from loyalty.actions.outcome import Proof, RecordedAction
from loyalty.actions.rows import BOOKED_COLUMNS, booked_from
from loyalty.ledger.account import Account
from loyalty.ledger.opening import open_account
from loyalty.members.ids import MemberNotFoundError

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_COLUMNS = ", ".join(f"a.{name}" for name in BOOKED_COLUMNS)
_ONE = f"SELECT {_COLUMNS} FROM action a WHERE a.member_id = $1 AND a.action_no = $2"  # noqa: S608 - our columns
_PROVEN = f"""
SELECT {_COLUMNS}, p.member_id IS NOT NULL, p.link, p.text, p.picture_url
FROM action a LEFT JOIN action_proof p USING (member_id, action_no)
"""  # noqa: S608 - our columns
_OF_MEMBER = f"""
{_PROVEN} WHERE a.member_id = ANY($1::bigint[]) AND a.status <> 'moved'
  AND ($2::timestamptz IS NULL OR (a.recorded_at, a.member_id, a.action_no) < ($2, $3::bigint, $4::bigint))
ORDER BY a.recorded_at DESC, a.member_id DESC, a.action_no DESC LIMIT $5
"""
_WAITING = f"""
{_PROVEN} WHERE a.status = 'waiting'
  AND ($1::timestamptz IS NULL OR (a.recorded_at, a.member_id, a.action_no) > ($1, $2::bigint, $3::bigint))
ORDER BY a.recorded_at, a.member_id, a.action_no LIMIT $4
"""
_OF_ONE = f"{_PROVEN} WHERE a.member_id = ANY($1::bigint[]) AND a.member_id = $2 AND a.action_no = $3"


class ActionPosition(NamedTuple):
    """A place in a list of actions."""

    recorded_at: datetime
    member_id: int
    action_no: int


@dataclass(frozen=True, slots=True)
class ProvenAction:
    """An action with what shows that it was done; None where nothing does, and after the person was erased."""

    action: RecordedAction
    proof: Proof | None

    @property
    def position(self) -> ActionPosition:
        return ActionPosition(self.action.recorded_at, self.action.member_id, self.action.action_no)


async def lock_action(
    connection: "Connection[Record]", key: tuple[int, int] | None, *, now: datetime
) -> tuple[Account, RecordedAction]:
    """The action and the account of the member who has it now, locked. Raises ``ActionNotFoundError``."""
    if key is None:
        raise ActionNotFoundError
    try:
        account = await open_account(connection, key[0], now=now)
    except MemberNotFoundError:
        raise ActionNotFoundError from None
    row = await connection.fetchrow(_ONE, *key)
    if row is None:
        raise ActionNotFoundError
    return account, booked_from(list(row))


async def read_action(
    connection: "Connection[Record]", key: tuple[int, int] | None, *, family: Sequence[int]
) -> ProvenAction:
    """The action with the key (member, number). Raises ``ActionNotFoundError`` unless ``family`` did it."""
    row = None if key is None else await connection.fetchrow(_OF_ONE, list(family), *key)
    if row is None:
        raise ActionNotFoundError
    return _proven(row)


async def list_actions(
    connection: "Connection[Record]", family: Sequence[int], *, before: ActionPosition | None, limit: int
) -> list[ProvenAction]:
    """The latest ``limit`` actions of a member and those merged into it, the last recorded first."""
    rows = await connection.fetch(_OF_MEMBER, list(family), *(before or (None, None, None)), limit)
    return [_proven(row) for row in rows]


async def list_waiting(
    connection: "Connection[Record]", *, after: ActionPosition | None, limit: int
) -> list[ProvenAction]:
    """The actions that wait for staff, those that have waited longest first."""
    rows = await connection.fetch(_WAITING, *(after or (None, None, None)), limit)
    return [_proven(row) for row in rows]


def _proven(row: "Record") -> ProvenAction:
    *values, has_proof, link, text, picture_url = list(row)
    proof = Proof(link=link, text=text, picture_url=picture_url) if has_proof else None
    return ProvenAction(booked_from(values), proof)
