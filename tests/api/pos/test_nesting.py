"""What lies too deep is cut off, and nothing else is touched."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.pos.nesting import MOST_LEVELS, cut_off

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=30,
)


def nested(value: Any, levels: int) -> Any:
    for level in range(levels):
        value = [value] if level % 2 else {"[{": value}
    return value


@given(JSON)
def test_what_is_shallow_stays_as_it_is(value: Any) -> None:
    body = json.dumps(value).encode()
    assert cut_off(body) == body


@given(JSON, st.integers(0, 200))
def test_each_value_that_lies_too_deep_is_null_and_its_neighbours_stay(value: Any, levels: int) -> None:
    document = {"before": value, "items": [value, nested(value, levels), value], "after": value}
    assert json.loads(cut_off(json.dumps(document).encode())) == without_what_is_deeper(document, MOST_LEVELS)


def without_what_is_deeper(value: Any, levels: int) -> Any:
    if not isinstance(value, list | dict):
        return value
    if levels == 0:
        return None
    if isinstance(value, list):
        return [without_what_is_deeper(each, levels - 1) for each in value]
    return {name: without_what_is_deeper(each, levels - 1) for name, each in value.items()}


@pytest.mark.parametrize("body", [b"", b"[" * 500, b"]" * 500, b'{"a', b'"' + b'\\"' * 500, b"[" * 100 + b'"]'])
def test_what_is_no_json_stays_none(body: bytes) -> None:
    with pytest.raises(json.JSONDecodeError):
        json.loads(cut_off(body))
