"""One PL/pgSQL function out of recorded statements: what PostgreSQL could do if nothing stood before it.

The statements are not written here: they are those that the service was seen to send (see ``bench.statements``). The
function runs them all in their order, for another member and another number each time. Numbers that depend on the
member (its next entry, its balance) are told apart from constants by marks: the recorded member starts from numbers
that occur nowhere else.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from bench.statements import Statement

MEMBER: Final = 987_654_321
HEAD: Final = {
    "last_entry_no": 1_100_000_000,
    "last_lot_no": 1_200_000_000,
    "last_movement_no": 1_300_000_000,
    "last_hold_no": 1_400_000_000,
    "last_purchase_no": 1_500_000_000,
    "last_refund_no": 1_600_000_000,
    "last_action_no": 1_700_000_000,
}
"""What the row of a member is read with when it is locked."""
REDEMPTION: Final = 1_800_000_000
"""``member.last_redemption_no``, which is counted up by a statement of its own."""
REMAINING: Final = 2_000_000_000
"""Points in the member's only wallet, and, where it has one, in its only lot."""
MARK: Final = "zqmarkzq"
"""In a text of the record: what is another number in each call."""
SEQUENCE: Final = "bench_number"

_TOGETHER: Final = re.compile(r"ARRAY\(SELECT ROW\(q\.\*\) FROM \((.*?)\) q\)", re.DOTALL)
_WITHIN: Final = 10_000_000
"""How far above a mark a number may lie and still be that mark plus something."""
_LONGEST_MARKED: Final = 256
"""A longer text, such as the answer that is stored, is the same each time."""


def function(name: str, statements: Sequence[Statement]) -> str:
    """``CREATE FUNCTION name(member)`` that runs ``statements``, with the sequence of its numbers."""
    declared, steps = [], []
    for place, statement in enumerate(statements):
        sql = statement.sql
        for number in range(len(statement.arguments), 0, -1):
            variable = f"zq_{place}_{number}"
            declared.append(f"{variable} {_variable_type(statement.types[number - 1])};")
            steps.append(f"{variable} := {_expression(statement.arguments[number - 1])};")
            sql = re.sub(rf"\${number}\b", variable, sql)
        steps.append(_run(sql))
    return f"""
CREATE SEQUENCE IF NOT EXISTS {SEQUENCE} CACHE 1000;
GRANT USAGE ON SEQUENCE {SEQUENCE} TO PUBLIC;
CREATE FUNCTION {name}(zq_member bigint) RETURNS void LANGUAGE plpgsql AS $zq$
#variable_conflict use_column
DECLARE
zq_row record; zq_head record; zq_remaining bigint := 0; zq_redemption bigint; zq_number text;
{chr(10).join(declared)}
BEGIN
zq_number := nextval('{SEQUENCE}')::text;
{chr(10).join(steps)}
END $zq$
"""


def _run(sql: str) -> str:
    """Every row that the service would read is read here too. A member that is locked is waited for."""
    sql = sql.replace("SKIP LOCKED", "")
    if together := _TOGETHER.findall(sql):
        # PL/pgSQL has no variable for an array of rows: what was fetched together is read one after another.
        return "\n".join(map(_run, together))
    if not re.match(r"\s*(SELECT|WITH)\b", sql, re.IGNORECASE) and "RETURNING" not in sql:
        return f"{sql};"
    keep = "NULL;"
    if "FOR NO KEY UPDATE" in sql and "FROM member " in sql:
        keep = "zq_head := zq_row;"
    elif re.search(r"\b(FROM|JOIN) balance\b", sql):
        keep = "zq_remaining := coalesce(zq_row.remaining, 0);"
    elif "RETURNING last_redemption_no" in sql:
        keep = "zq_redemption := zq_row.last_redemption_no - 1;"
    return f"FOR zq_row IN {sql} LOOP {keep} END LOOP;"


def _variable_type(name: str) -> str:
    """JSONB stays text until the statement casts it, or PostgreSQL would parse it once instead of each time."""
    array = name.endswith("[]")
    bare = name.removesuffix("[]")
    return f"{'text' if bare == 'jsonb' else bare}{'[]' if array else ''}"


def _expression(value: object) -> str:
    if isinstance(value, list | tuple | set | frozenset):
        return f"ARRAY[{', '.join(map(_expression, value))}]" if value else "'{}'"
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return _number(value)
    if isinstance(value, str):
        quoted = _quoted(value)
        return f"replace({quoted}, '{MARK}', zq_number)" if MARK in value and len(value) < _LONGEST_MARKED else quoted
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'::bytea"
    if isinstance(value, datetime | date | timedelta | Decimal):
        kind = {datetime: "timestamptz", date: "date", timedelta: "interval", Decimal: "numeric"}[type(value)]
        return f"'{value}'::{kind}"
    raise TypeError(f"no way to write {type(value)} in SQL yet")


def _number(value: int) -> str:
    if value == MEMBER:
        return "zq_member"
    if REMAINING - _WITHIN < value < REMAINING + _WITHIN:
        return f"zq_remaining + {value - REMAINING}"
    for name, mark in (*HEAD.items(), ("", REDEMPTION)):
        if mark <= value < mark + _WITHIN:
            return f"{f'zq_head.{name}' if name else 'zq_redemption'} + {value - mark}"
    return str(value)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
