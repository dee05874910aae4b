"""Codes for a pool, from a list or a CSV file of one column, ``code``. Pure."""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from loyalty.csv_files import BrokenLineError, LineProblem, rows_of, text_of
from loyalty.rewards.coupon_adding import MOST_PROBLEMS, CouponsInvalidError, Duplicates

MOST_COUPONS: Final = 100_000
COLUMN: Final = "code"
_LONGEST: Final = 128
_COUPON: Final = re.compile(r"[\x20-\x7e]+")


class ReadCoupons(NamedTuple):
    """Codes as they are kept, each with the line on which it stands first."""

    lines: dict[str, int]
    repeated: int
    """Lines with codes that stand before."""


def read_coupon_file(content: bytes, *, duplicates: Duplicates) -> ReadCoupons:
    """The codes of the file. Raises ``CouponsInvalidError`` with all problems, a blank line among them."""
    try:
        rows = rows_of(text_of(content), blank_too=True)
        first, columns = next(rows, (1, []))
        if columns != [COLUMN]:
            raise CouponsInvalidError([LineProblem(first, COLUMN, "is not the one column of the file")])
        return read_coupons(((line, _only(cells)) for line, cells in rows), duplicates=duplicates)
    except BrokenLineError as broken:
        raise CouponsInvalidError([LineProblem(broken.line, "", str(broken))]) from None


def read_coupons(listed: Iterable[tuple[int, str | None]], *, duplicates: Duplicates) -> ReadCoupons:
    """The same of lines and what stands there; None where there are several values."""
    lines: dict[str, int] = {}
    repeated = 0
    problems: list[LineProblem] = []
    for line, text in listed:
        coupon = None if text is None else text.strip()
        if coupon in lines and duplicates == "skip":
            repeated += 1
            continue
        if coupon is None:
            problems.append(LineProblem(line, COLUMN, "has more than one value"))
        elif message := _problem(coupon, lines):
            problems.append(LineProblem(line, COLUMN, message))
        else:
            lines[coupon] = line
        if len(problems) >= MOST_PROBLEMS:
            break
    if problems:
        raise CouponsInvalidError(problems)
    return ReadCoupons(lines, repeated)


def _only(cells: list[str]) -> str | None:
    return "".join(cells) if len(cells) < 2 else None


def _problem(coupon: str, lines: dict[str, int]) -> str:
    """What is wrong with a code after those of ``lines``; empty where nothing is."""
    if not coupon:
        return "is blank"
    if len(coupon) > _LONGEST:
        return f"has more than {_LONGEST} characters"
    if not _COUPON.fullmatch(coupon):
        return "has characters that are not printable ASCII"
    if coupon in lines:
        return f"stands on line {lines[coupon]} already"
    if len(lines) >= MOST_COUPONS:
        return f"is beyond the {MOST_COUPONS} codes that can be added at once"
    return ""
