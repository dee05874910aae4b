from decimal import Decimal

import pytest

from loyalty.earning.quantity import BadQuantityError, parse_quantity


@pytest.mark.parametrize("text", ["1", "0", "0.125", "999999999.999999", "007", "1.500000"])
def test_plain_decimals_are_quantities(text: str) -> None:
    assert parse_quantity(text) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "+1",
        "1.",
        ".5",
        "1e3",
        "NaN",
        "Infinity",
        "1,5",
        "1.0000001",
        "1000000000",
        "١",
        "１",
        " 1",
        "1\n",
        "0x1",
    ],
)
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(BadQuantityError):
        parse_quantity(text)
