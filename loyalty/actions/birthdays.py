"""Birthdays are actions that nobody reports: recorded on the member's local day, once a year, made up for a week."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from kernel.database import WriteSession, driver
from loyalty.actions.outcome import ActionSubmission, RecordedAction
from loyalty.actions.recording import record_actions
from loyalty.earning.calendar import local_day_starts
from loyalty.programme.publishing import refresh
from loyalty.programme.versions import PublishedProgrammes
from loyalty.programme.windows import zone_named
from loyalty.purchases.context import falls_on

if TYPE_CHECKING:
    from asyncpg import Connection, Record

MADE_UP_DAYS = 7
"""How late a birthday may be recorded."""
_SOURCE = "job:birthdays"
_DECLARED = """
SELECT a ->> 'code'
FROM (
    SELECT document FROM programme_version WHERE starts_at <= $1 ORDER BY starts_at DESC, version DESC LIMIT 1
) AS current, jsonb_array_elements(coalesce(document -> 'actions', '[]')) AS a
WHERE a ->> 'kind' = 'birthday'
"""
_MEMBERS = """
SELECT m.member_id, m.zone, m.enrolled_at, p.birthday
FROM (SELECT * FROM member WHERE member_id > $1 ORDER BY member_id LIMIT $2) AS m
LEFT JOIN person AS p ON p.member_id = m.member_id AND m.status IN ('active', 'blocked')
ORDER BY m.member_id
"""
_RECORDED = """
SELECT member_id, type, natural_key FROM action
WHERE member_id = ANY($1::bigint[]) AND type = ANY($2::text[]) AND status = 'accepted'
"""


@dataclass(frozen=True, slots=True)
class BirthdayStep:
    """Where the walk over all members stands."""

    handled: int
    last_member_id: int | None
    """None at the end."""


async def record_birthdays(session: WriteSession, /, *, now: datetime, limit: int, after: int) -> BirthdayStep:
    """Record the birthdays of the next ``limit`` members above ``after``, today's and those of the last week."""
    connection = await driver(session)
    types = [row[0] for row in await connection.fetch(_DECLARED, now)]
    members = await connection.fetch(_MEMBERS, after, limit) if types else []
    days = {row["member_id"]: day for row in members if (day := _birthday_of(row, now)) is not None}
    due = await _not_recorded(connection, days, types)
    handled = await _record(session, due, {row["member_id"]: row["zone"] for row in members}, now=now) if due else 0
    return BirthdayStep(handled, members[-1]["member_id"] if len(members) == limit else None)


def last_birthday(birthday: date, *, zone: str, enrolled_at: datetime, now: datetime) -> date | None:
    """The local day of the last week that is the birthday and on which they were a member; None where none is."""
    today, joined = (instant.astimezone(zone_named(zone)).date() for instant in (now, enrolled_at))
    week = (today - timedelta(days=ago) for ago in range(MADE_UP_DAYS + 1))
    return next((day for day in week if falls_on(birthday, day) and day >= joined), None)


def _birthday_of(row: "Record", now: datetime) -> date | None:
    if row["birthday"] is None:
        return None
    return last_birthday(row["birthday"], zone=row["zone"], enrolled_at=row["enrolled_at"], now=now)


async def _not_recorded(
    connection: "Connection[Record]", days: dict[int, date], types: list[str]
) -> list[tuple[int, str, date]]:
    if not days:
        return []
    recorded = {tuple(row) for row in await connection.fetch(_RECORDED, list(days), types)}
    return [
        (member_id, code, day)
        for member_id, day in sorted(days.items())
        for code in types
        if (member_id, code, str(day.year)) not in recorded
    ]


async def _record(
    session: WriteSession, due: list[tuple[int, str, date]], zones: dict[int, str], *, now: datetime
) -> int:
    programmes = PublishedProgrammes()
    await refresh(session, programmes)
    outcomes = await record_actions(
        session,
        [
            ActionSubmission(
                member_id=member_id,
                type=code,
                reporter="comeback",
                source=_SOURCE,
                actor=_SOURCE,
                occurred_at=local_day_starts(day, zones[member_id]),
            )
            for member_id, code, day in due
        ],
        programmes=programmes,
        now=now,
    )
    return sum(isinstance(outcome, RecordedAction) and not outcome.is_repeat for outcome in outcomes)
