"""Files into rows. Pure: what can be told from the files alone is told here, every problem at its line."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeVar

from loyalty.csv_files import BrokenLineError, rows_of, text_of
from loyalty.identities import CARD, EMAIL, EXTERNAL_PREFIX, PHONE, KnownBy, card, email, external, phone
from loyalty.imports.cells import CODE, ID, CellError, Cells, checked, day, number, optional, past_day, required
from loyalty.imports.problems import ImportProblem
from loyalty.imports.reading_receipts import RECEIPT_COLUMNS, RECEIPT_LINE_COLUMNS, read_receipt, read_receipt_line
from loyalty.imports.rows import ConsentRow, CouponRow, Delivery, IdentityRow, LotRow, MemberRow, ReceiptRow, TierRow
from loyalty.members.profile import checked_birthday, checked_language, checked_name, checked_zone
from loyalty.rewards.codes import brought_code

COLUMNS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "members.csv": (
        ("external_id",),
        (
            *("enrolled_on", "name", "birthday", "language", "zone", "home_store_id"),
            *("phone", "email", "card"),
        ),
    ),
    "identities.csv": (("external_id", "kind", "value"), ()),
    "consents.csv": (("external_id", "purpose", "channel", "granted", "text_version"), ()),
    "lots.csv": (("lot_id", "external_id", "wallet", "points", "earned_on"), ("available_on", "expires_on")),
    "tiers.csv": (("external_id", "tier"), ("retained_until",)),
    "receipts.csv": RECEIPT_COLUMNS,
    "receipt_lines.csv": RECEIPT_LINE_COLUMNS,
    "coupons.csv": (("coupon", "external_id", "reward"), ("expires_on",)),
    "totals.csv": (("name", "total"), ()),
}
"""File to the columns that must be there and those that may be."""

_WORD: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}\Z", re.ASCII)
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z", re.ASCII)
_ANSWERS: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}

T = TypeVar("T")


def read_delivery(
    files: Mapping[str, bytes], *, source: str, region: str | None, now: datetime
) -> tuple[Delivery, list[ImportProblem]]:
    """All rows that are right by themselves, and every problem of the others. ``region``: of phones without ``+``."""
    reading = _Reading(source, region, now)
    for name in files:
        if name not in COLUMNS:
            reading.problems.append(ImportProblem(name, 0, "", "file_unknown", "is no file of an import"))
    return (
        Delivery(
            members=reading.file(files, "members.csv", reading.member),
            identities=reading.file(files, "identities.csv", reading.identity),
            consents=reading.file(files, "consents.csv", reading.consent),
            lots=reading.file(files, "lots.csv", reading.lot),
            tiers=reading.file(files, "tiers.csv", reading.tier),
            receipts=reading.file(files, "receipts.csv", reading.receipt),
            receipt_lines=reading.file(files, "receipt_lines.csv", read_receipt_line),
            coupons=reading.file(files, "coupons.csv", reading.coupon),
            totals=dict(reading.file(files, "totals.csv", reading.total)),
        ),
        reading.problems,
    )


class _Reading:
    """The problems found so far."""

    def __init__(self, source: str, region: str | None, now: datetime) -> None:
        self.problems: list[ImportProblem] = []
        self._source, self._region, self._now = source, region, now

    def file(self, files: Mapping[str, bytes], name: str, row: Callable[[int, Cells], T]) -> list[T]:
        """The rows of one file; none when it was not sent."""
        if name not in files:
            return []
        rows: list[T] = []
        try:
            for line, cells in self._cells(name, files[name]):
                try:
                    rows.append(row(line, cells))
                except CellError as wrong:
                    self.problems.append(ImportProblem(name, line, wrong.column, wrong.code, str(wrong)))
        except BrokenLineError as broken:
            self.problems.append(ImportProblem(name, broken.line, "", "line_broken", str(broken)))
        return rows

    def _cells(self, name: str, content: bytes) -> Iterator[tuple[int, Cells]]:
        if (place := content.find(b"\0")) >= 0:
            # Faults are kept, with the columns that they name, and no text of PostgreSQL can keep that.
            raise BrokenLineError(content.count(b"\n", 0, place) + 1, "has a zero byte")
        rows = rows_of(text_of(content))
        first, columns = next(rows, (1, []))
        if problems := _column_problems(name, first, columns):
            self.problems += problems
            return
        for line, cells in rows:
            if len(cells) == len(columns):
                yield line, dict(zip(columns, cells, strict=True))
            else:
                message = f"has {len(cells)} values for {len(columns)} columns"
                self.problems.append(ImportProblem(name, line, "", "cells_missing", message))

    def member(self, line: int, cells: Cells) -> MemberRow:
        return MemberRow(
            line=line,
            external_id=self._external(cells).value,
            enrolled_on=past_day(cells, "enrolled_on", self._now),
            name=checked("name", lambda: checked_name(cells.get("name"))),
            birthday=checked("birthday", lambda: checked_birthday(day(cells, "birthday"), now=self._now)),
            language=checked("language", lambda: checked_language(cells["language"]))
            if cells.get("language")
            else None,
            zone=checked("zone", lambda: checked_zone(cells["zone"])) if cells.get("zone") else None,
            home_store_id=optional(cells, "home_store_id", CODE),
            identities=tuple(
                self._known_by(kind, cells[kind], kind) for kind in (PHONE, EMAIL, CARD) if cells.get(kind)
            ),
        )

    def identity(self, line: int, cells: Cells) -> IdentityRow:
        known_by = self._known_by(cells["kind"], cells["value"], "value")
        return IdentityRow(line=line, external_id=self._external(cells).value, known_by=known_by)

    def consent(self, line: int, cells: Cells) -> ConsentRow:
        granted = _ANSWERS.get(cells["granted"].lower())
        if granted is None:
            raise CellError("granted", "answer_unclear", "is neither yes nor no")
        return ConsentRow(
            line=line,
            external_id=self._external(cells).value,
            purpose=required(cells, "purpose", _WORD),
            channel=required(cells, "channel", _WORD),
            granted=granted,
            text_version=required(cells, "text_version", _VERSION),
        )

    def lot(self, line: int, cells: Cells) -> LotRow:
        points = number(cells, "points")
        if points <= 0:
            raise CellError("points", "lot_not_positive", "is not above zero")
        earned_on = past_day(cells, "earned_on", self._now)
        if earned_on is None:
            raise CellError("earned_on", "value_missing", "is empty")
        row = LotRow(
            line=line,
            lot_key=required(cells, "lot_id", ID),
            external_id=self._external(cells).value,
            wallet=required(cells, "wallet", CODE),
            points=points,
            earned_on=earned_on,
            available_on=day(cells, "available_on"),
            expires_on=day(cells, "expires_on"),
        )
        if row.available_on is not None and row.available_on < earned_on:
            raise CellError("available_on", "lot_available_before_earned", "lies before the day it was earned")
        if row.expires_on is not None and row.expires_on < (row.available_on or earned_on):
            raise CellError("expires_on", "lot_expires_before_earned", "lies before the day it can be spent")
        return row

    def tier(self, line: int, cells: Cells) -> TierRow:
        return TierRow(
            line=line,
            external_id=self._external(cells).value,
            tier=required(cells, "tier", CODE),
            retained_until=day(cells, "retained_until"),
        )

    def receipt(self, line: int, cells: Cells) -> ReceiptRow:
        return read_receipt(line, cells, external_id=self._external(cells).value, now=self._now)

    def coupon(self, line: int, cells: Cells) -> CouponRow:
        return CouponRow(
            line=line,
            code=checked("coupon", lambda: brought_code(cells["coupon"])),
            external_id=self._external(cells).value,
            reward=required(cells, "reward", CODE),
            expires_on=day(cells, "expires_on"),
        )

    def total(self, line: int, cells: Cells) -> tuple[str, tuple[int, int]]:
        return cells["name"], (line, number(cells, "total"))

    def _external(self, cells: Cells) -> KnownBy:
        return checked("external_id", lambda: external(self._source, cells["external_id"]))

    def _known_by(self, kind: str, value: str, column: str) -> KnownBy:
        if kind == PHONE:
            return checked(column, lambda: phone(value, region=self._region))
        if kind == EMAIL:
            return checked(column, lambda: email(value))
        if kind == CARD:
            return checked(column, lambda: card(value))
        if kind.startswith(EXTERNAL_PREFIX):
            return checked(column, lambda: external(kind.removeprefix(EXTERNAL_PREFIX), value))
        raise CellError("kind", "kind_unknown", "is none of phone, email, card, external:<system>")


def _column_problems(name: str, line: int, columns: Sequence[str]) -> list[ImportProblem]:
    needed, possible = COLUMNS[name]
    missing = [(column, "column_missing", "is missing among the columns") for column in needed if column not in columns]
    unknown = [
        (column[:80], "column_unknown", f"is no column of {name}")
        for column in columns
        if column not in (*needed, *possible)
    ]
    double = [
        (column[:80], "column_twice", "stands twice among the columns")
        for place, column in enumerate(columns)
        if column in columns[:place]
    ]
    return [ImportProblem(name, line, *problem) for problem in (*missing, *unknown, *double)]
