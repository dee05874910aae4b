"""A list of members as a CSV file: one column, ``member_id``, with public ids. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from kernel.errors import UnprocessableError
from loyalty.csv_files import BrokenLineError, LineProblem, rows_of, text_of
from loyalty.members.ids import MemberNotFoundError, member_id_of

MOST_MEMBERS: Final = 100_000
MOST_PROBLEMS: Final = 100
COLUMN: Final = "member_id"


class MemberListInvalidError(UnprocessableError):
    """Some members cannot be taken, each listed with its line or place (the first 100). Nothing was changed."""

    code = "member_list_invalid"
    title = "The list of members has problems."

    def __init__(self, problems: Sequence[LineProblem]) -> None:
        super().__init__(None, problems=msgspec.to_builtins(list(problems[:MOST_PROBLEMS])))


def read_member_file(content: bytes) -> dict[int, int]:
    """Members' numbers with the line on which each stands first. Raises ``MemberListInvalidError`` with all problems.

    The same member on two lines counts once.
    """
    try:
        rows = rows_of(text_of(content))
        first, columns = next(rows, (1, []))
        if columns != [COLUMN]:
            raise MemberListInvalidError([LineProblem(first, COLUMN, "is not the one column of the file")])
        return numbered((line, cells[0] if len(cells) == 1 else "") for line, cells in rows)
    except BrokenLineError as broken:
        raise MemberListInvalidError([LineProblem(broken.line, "", str(broken))]) from None


def numbered(listed: Iterable[tuple[int, str]]) -> dict[int, int]:
    """Public ids with their lines as numbers with their lines. Raises ``MemberListInvalidError``."""
    lines: dict[int, int] = {}
    problems: list[LineProblem] = []
    for line, public_id in listed:
        try:
            lines.setdefault(member_id_of(public_id), line)
        except MemberNotFoundError:
            problems.append(LineProblem(line, COLUMN, "is no id of a member"))
        if len(problems) >= MOST_PROBLEMS:
            break
        if len(lines) > MOST_MEMBERS:
            problems.append(LineProblem(line, COLUMN, f"is beyond the {MOST_MEMBERS} members that one list may bring"))
            break
    if problems:
        raise MemberListInvalidError(problems)
    return lines
