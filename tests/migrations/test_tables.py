"""Rules that every table obeys, read from the models."""

import pytest
from sqlalchemy import CheckConstraint, Index, Table, UniqueConstraint
from sqlalchemy.dialects import postgresql

from migrations.grants import APPEND_ONLY
from migrations.tables import METADATA

REGISTRIES = {
    *("identity", "idempotency_key", "receipt_key", "guest_receipt", "waiting_refund", "one_time_code"),
    *("token_revocation", "redemption_code", "present_code", "coupon", "action_event", "invoice_key"),
    *("imported_lot", "referral_code"),
}
"""Keyed by the very thing that must be unique across members; claimed in a first, idempotent step."""
REFERENCE = {
    *("access_key", "budget_slice", "cashier", "catalogue_item", "programme_draft", "programme_version", "staff"),
    *("store", "terminal", "reward_stock"),
}
"""Configuration: the same on every shard."""
RECORDS_OF_STAFF = {
    "approval",
    "audit_entry",
    "audit_detail",
    "goodwill_day",
    "import_delivery",
    "import_fault",
    "import_file",
    "job",
    "job_problem",
    "job_step",
    "payout_batch",
    "review_case",
    "shift_report",
    "task",
}
THE_BOOKS = {"import_run", "accounting_period", "accounting_close", "accounting_figure"}
"""Sums of everybody, by month or import."""
OUTGOING = {"message"}
"""Written to an address, which need not be a member's yet."""
ELSEWHERE = REGISTRIES | REFERENCE | RECORDS_OF_STAFF | THE_BOOKS | OUTGOING

POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]
TABLES = [pytest.param(table, id=table.name) for table in METADATA.sorted_tables]


@pytest.mark.parametrize("table", TABLES)
def test_a_table_on_a_members_path_carries_the_member_in_every_key(table: Table) -> None:
    if table.name in ELSEWHERE:
        pytest.skip("keyed by something else, on purpose")
    keys = [table.primary_key.columns.keys()]
    keys += [each.columns.keys() for each in table.constraints if isinstance(each, UniqueConstraint)]
    keys += [each.columns.keys() for each in table.indexes if each.unique]
    assert all("member_id" in key for key in keys)


@pytest.mark.parametrize("table", TABLES)
def test_no_foreign_key_crosses_members(table: Table) -> None:
    for foreign_key in table.foreign_key_constraints:
        to = foreign_key.referred_table
        assert to.name in REFERENCE or "member_id" in foreign_key.column_keys


@pytest.mark.parametrize("table", TABLES)
def test_checks_and_indexes_have_names_of_ours(table: Table) -> None:
    named: list[CheckConstraint | Index] = [*table.indexes]
    named += [each for each in table.constraints if isinstance(each, CheckConstraint)]
    assert all(str(each.name).startswith(f"{table.name}_") for each in named)


@pytest.mark.parametrize("table", TABLES)
def test_points_and_instants_have_types_that_hold_them(table: Table) -> None:
    kinds = {column.type.compile(dialect=POSTGRESQL) for column in table.columns}
    assert not kinds & {"INTEGER", "TIMESTAMP WITHOUT TIME ZONE", "FLOAT", "REAL", "DOUBLE PRECISION"}


def test_the_lists_name_only_tables_that_exist() -> None:
    assert METADATA.tables.keys() >= ELSEWHERE | APPEND_ONLY
