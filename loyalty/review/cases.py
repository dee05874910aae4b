"""A case to be, and the programme's word on what makes one."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from loyalty.programme.review import ReviewSettings

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_SETTINGS: Final = """
SELECT document -> 'review' FROM programme_version WHERE starts_at <= $1 ORDER BY starts_at DESC, version DESC LIMIT 1
"""
_OPEN: Final = """
INSERT INTO review_case (kind, subject, member_id, period, facts, opened_at)
SELECT kind, subject, member_id, period, facts, $6
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::jsonb[])
     AS v (kind, subject, member_id, period, facts)
ORDER BY kind, subject, member_id, period
ON CONFLICT (kind, subject, member_id, period) DO NOTHING
"""


class Case(msgspec.Struct, frozen=True):
    """A case to be."""

    kind: str
    subject: str
    member_id: int
    period: str
    facts: dict[str, int | str]


async def review_settings(connection: "Connection[Record]", *, now: datetime) -> ReviewSettings:
    """Those in force."""
    return msgspec.convert(await connection.fetchval(_SETTINGS, now) or {}, ReviewSettings)


async def open_all(connection: "Connection[Record]", cases: Sequence[Case], *, now: datetime) -> None:
    """Open the cases that were not opened before: one that was stays as it is."""
    if cases:
        rows = [
            (each.kind, each.subject, each.member_id, each.period, msgspec.json.encode(each.facts).decode())
            for each in cases
        ]
        await connection.execute(_OPEN, *zip(*rows, strict=True), now)
