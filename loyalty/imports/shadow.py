"""Comparing balances with the other system before the switch. Reads alone."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from loyalty.csv_files import BrokenLineError, rows_of, text_of
from loyalty.identities import InvalidIdentityError, LookupKey, external
from loyalty.imports.checking import holders_of, known_by_source
from loyalty.imports.chunking import MEMBERS_AT_ONCE, chunks
from loyalty.imports.problems import ImportProblem, ImportRefusedError
from loyalty.ledger.due import apply_due
from loyalty.ledger.loading import read_accounts

if TYPE_CHECKING:
    from datetime import datetime

    from asyncpg import Connection, Record

COLUMNS: Final = ("external_id", "wallet", "balance")
_NUMBER: Final = re.compile(r"-?[0-9]{1,18}\Z", re.ASCII)


class Difference(Struct, frozen=True, kw_only=True):
    """A balance that is not the same in both systems. ``ours`` is None for somebody who is not here."""

    external_id: str
    wallet: str
    theirs: int
    ours: int | None


class Comparison(Struct, frozen=True, kw_only=True):
    """``compared`` balances; those that differ, by external id."""

    compared: int
    theirs: dict[str, int]
    """Sum by wallet."""
    ours: dict[str, int]
    differences: list[Difference]


async def compare_balances(
    connection: "Connection[Record]", content: bytes, *, file: str, source: str, lookup_key: LookupKey, now: "datetime"
) -> Comparison:
    """Compare each line of the file (``external_id``, ``wallet``, ``balance``) with what the member has here.

    Pending and held points count, and what is due is applied. Raises ``ImportRefusedError`` for a file that cannot be
    read.
    """
    stated = _read(content, file, source)
    external_ids = sorted({external_id for external_id, _ in stated})
    ours: dict[tuple[str, str], int] = {}
    here: set[str] = set()
    for chunk in chunks(external_ids, MEMBERS_AT_ONCE):
        by_key = {known_by_source(source, external_id): external_id for external_id in chunk}
        members = await holders_of(connection, by_key, lookup_key)
        accounts = await read_accounts(connection, set(members.values()))
        for account in accounts.values():
            apply_due(account, now)
        for known_by, member_id in members.items():
            here.add(by_key[known_by])
            for code, wallet in accounts[member_id].wallets.items():
                ours[by_key[known_by], code] = wallet.balance
    found = {key: ours.get(key, 0) if key[0] in here else None for key in stated}
    return Comparison(
        compared=len(stated),
        theirs=_by_wallet(stated),
        ours=_by_wallet({key: points or 0 for key, points in found.items()}),
        differences=[
            Difference(external_id=external_id, wallet=wallet, theirs=theirs, ours=found[external_id, wallet])
            for (external_id, wallet), theirs in sorted(stated.items())
            if found[external_id, wallet] != theirs
        ],
    )


def _by_wallet(balances: Mapping[tuple[str, str], int]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for (_, wallet), points in sorted(balances.items()):
        sums[wallet] = sums.get(wallet, 0) + points
    return sums


def _read(content: bytes, file: str, source: str) -> dict[tuple[str, str], int]:
    stated: dict[tuple[str, str], int] = {}
    problems: list[ImportProblem] = []
    try:
        rows = rows_of(text_of(content))
        line, columns = next(rows, (1, []))
        if sorted(columns) != sorted(COLUMNS):
            raise BrokenLineError(line, f"does not name the columns {', '.join(COLUMNS)}")
        for line, cells in rows:
            row = dict(zip(columns, cells, strict=False))
            try:
                key = (external(source, row.get("external_id", "")).value, row.get("wallet", ""))
            except InvalidIdentityError:
                problems.append(ImportProblem(file, line, "external_id", "invalid_identity", "is no id"))
                continue
            if key in stated:
                problems.append(ImportProblem(file, line, "external_id", "balance_twice", "stands before already"))
            elif not _NUMBER.match(row.get("balance", "")):
                problems.append(ImportProblem(file, line, "balance", "number_malformed", "is no whole number"))
            else:
                stated[key] = int(row["balance"])
    except BrokenLineError as broken:
        problems.append(ImportProblem(file, broken.line, "", "line_broken", str(broken)))
    if problems:
        raise ImportRefusedError(problems)
    return stated
