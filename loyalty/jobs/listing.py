"""The list of a job's members as a CSV file: by public id, phone, e-mail or card. Bad lines are told and left out.

Phones, e-mails and cards are hashed while the file is read: nothing of them is kept, on the bad lines either.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from kernel.database import RowWriter, WriteSession, driver
from kernel.errors import ConflictError, UnprocessableError
from loyalty import identities
from loyalty.csv_files import BrokenLineError, LineProblem, rows_of, text_of
from loyalty.identities import InvalidIdentityError, KnownBy, LookupKey
from loyalty.ledger.forwarding import surviving_members
from loyalty.members.ids import MemberNotFoundError, member_id_of
from loyalty.models import Job, JobItem, JobProblem

if TYPE_CHECKING:
    from asyncpg import Connection, Record

MOST_LINES: Final = 100_000
COLUMNS: Final = ("member_id", "phone", "email", "card")
_HOLDERS: Final = """
SELECT w.line_no, i.member_id FROM unnest($1::text[], $2::bytea[], $3::bigint[]) AS w (kind, value_hash, line_no)
JOIN identity AS i USING (kind, value_hash)
"""
_LIVING: Final = "SELECT member_id FROM member WHERE member_id = ANY($1::bigint[]) AND status IN ('active', 'blocked')"
_CLEAR: Final = ("DELETE FROM job_item WHERE job_id = $1", "DELETE FROM job_problem WHERE job_id = $1")
_ITEMS: Final = RowWriter(JobItem, "member_id", "job_id", "state", "points")
_PROBLEMS: Final = RowWriter(JobProblem, "job_id", "line_no", "message")


class JobListError(UnprocessableError):
    """The file as a whole cannot be read: at a ``line`` something is wrong with it."""

    code = "job_list_invalid"
    title = "The list of members cannot be read."


class JobNeedsNoListError(ConflictError):
    """It is for a segment or for everybody."""

    code = "job_needs_no_list"
    title = "This job is not for a list of members."


class JobList(Struct, frozen=True, kw_only=True):
    """What a file says, each with its line: members by number, those to look up by their hash, and bad lines."""

    column: str
    named: dict[int, int]
    wanted: list[tuple[str, bytes, int]]
    problems: dict[int, str]


def read_job_list(content: bytes, *, lookup_key: LookupKey, phone_region: str | None) -> JobList:
    """Read the file. Its first line names the one column, one of ``COLUMNS``. Pure. Raises ``JobListError``."""
    column, values = _read(content)
    if column == "member_id":
        return _by_id(values)
    return _by_identity(column, _reader(column, phone_region), values, lookup_key)


def names_addresses(job: Job) -> bool:
    """Whether the job's list was one of phones, e-mails or cards: what became of its lines tells whose they are."""
    column = job.parameters.get("column")
    return column is not None and is_address(column)


def is_address(column: str) -> bool:
    """Whether a list of this column finds members by what they are known by outside."""
    return column != "member_id"


async def list_members(session: WriteSession, locked: Job, listed: JobList) -> None:
    """Make the members that the file names the job's, in place of those of an earlier file; note the bad lines.

    A member who stands twice counts once, one who was merged stands for the survivor. Raises ``JobNeedsNoListError``.
    """
    if not locked.parameters["listed"]:
        raise JobNeedsNoListError
    connection = await driver(session)
    holders = await _holders(connection, listed.wanted)
    members, nobodies = await _living(connection, listed.named | holders)
    problems = listed.problems | {line: "is nobody's" for *_, line in listed.wanted if line not in holders}
    problems |= dict.fromkeys(nobodies, "is nobody")
    for statement in _CLEAR:
        await connection.execute(statement, locked.job_id)
    await _ITEMS.write(connection, [(member_id, locked.job_id, "listed", "{}") for member_id in sorted(members)])
    await _PROBLEMS.write(connection, [(locked.job_id, line, message) for line, message in sorted(problems.items())])
    locked.members, locked.problems = len(members), len(problems)
    locked.points_given = locked.points_taken = 0
    locked.parameters = {**locked.parameters, "column": listed.column}
    session.add(locked)
    await session.flush()


def _read(content: bytes) -> tuple[str, dict[int, str]]:
    """The column, and line to value."""
    try:
        rows = rows_of(text_of(content))
        first, columns = next(rows, (1, []))
        if len(columns) != 1 or columns[0] not in COLUMNS:
            raise JobListError(None, line=first, message=f"names no column of {', '.join(COLUMNS)}")
        values: dict[int, str] = {}
        for line, cells in rows:
            if len(values) == MOST_LINES:
                raise JobListError(None, line=line, message=f"is beyond the {MOST_LINES} lines of one list")
            values[line] = cells[0] if len(cells) == 1 else ""
    except BrokenLineError as broken:
        problem = LineProblem(broken.line, "", str(broken))
        raise JobListError(None, line=problem.line, message=problem.message) from None
    return columns[0], values


def _by_id(values: Mapping[int, str]) -> JobList:
    named: dict[int, int] = {}
    problems: dict[int, str] = {}
    for line, value in values.items():
        try:
            named[line] = member_id_of(value)
        except MemberNotFoundError:
            problems[line] = "is no id of a member"
    return JobList(column="member_id", named=named, wanted=[], problems=problems)


def _reader(column: str, phone_region: str | None) -> Callable[[str], KnownBy]:
    if column == "phone":
        return lambda value: identities.phone(value, region=phone_region)
    return identities.email if column == "email" else identities.card


def _by_identity(
    column: str, read: Callable[[str], KnownBy], values: Mapping[int, str], lookup_key: LookupKey
) -> JobList:
    wanted: list[tuple[str, bytes, int]] = []
    problems: dict[int, str] = {}
    for line, value in values.items():
        try:
            known_by = read(value)
            wanted.append((known_by.kind, lookup_key.digest_of(known_by), line))
        except InvalidIdentityError:
            problems[line] = "is not written as its column wants it"
    return JobList(column=column, named={}, wanted=wanted, problems=problems)


async def _holders(connection: "Connection[Record]", wanted: Sequence[tuple[str, bytes, int]]) -> dict[int, int]:
    """Line to member, for those that are somebody's."""
    rows = await connection.fetch(_HOLDERS, *zip(*wanted, strict=True)) if wanted else []
    return {row["line_no"]: row["member_id"] for row in rows}


async def _living(connection: "Connection[Record]", named: Mapping[int, int]) -> tuple[set[int], Iterable[int]]:
    """The survivors of the members that lines name, and the lines whose member is not there any more."""
    forwarded = await surviving_members(connection, set(named.values()))
    survivors = {line: forwarded.get(member_id, member_id) for line, member_id in named.items()}
    living = {row[0] for row in await connection.fetch(_LIVING, sorted(set(survivors.values())))}
    return living, [line for line, member_id in survivors.items() if member_id not in living]
