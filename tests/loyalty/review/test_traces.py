"""What is kept of where members came from."""

import pytest

from loyalty.identities import LookupKey
from loyalty.review.traces import traces_of

KEY = LookupKey(b"k" * 32)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("2001:db8:1:1::1", "2001:db8:1:1:ffff::", True),
        ("2001:db8:1:1::1", "2001:db8:1:2::1", False),
    ],
)
def test_an_address_is_that_of_a_household(one: str, other: str, same: bool) -> None:
    assert (traces_of(None, one, lookup_key=KEY) == traces_of(None, other, lookup_key=KEY)) is same


@pytest.mark.parametrize("address", [None, "", "unknown", "testclient"])
def test_what_is_no_address_leaves_no_trace(address: str | None) -> None:
    assert traces_of(None, address, lookup_key=KEY) == []
