"""Files that a spreadsheet opens run nothing."""

import csv
import io

import pytest

from api.csv_files import csv_text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_that_looks_like_a_formula_is_none(text: str) -> None:
    (_, row) = csv.reader(io.StringIO(csv_text(["name"], [[text]]).removeprefix("\ufeff"), newline=""))
    assert row == [f"'{text}"]


def test_numbers_stay_numbers_and_nothing_stays_empty() -> None:
    assert csv_text(["points", "minor"], [[-5, None]]) == "\ufeffpoints,minor\r\n-5,\r\n"
