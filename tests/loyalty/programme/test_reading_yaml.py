from typing import Any

import pytest

from loyalty.programme.yaml import YamlUnreadableError, read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: no", {"a": "no"}),
        ("no: norsk", {"no": "norsk"}),
        ("a: 12:30", {"a": "12:30"}),
        ("a: 1.5", {"a": "1.5"}),
        ("a: 1e3", {"a": "1e3"}),
        ("a: 2026-11-27", {"a": "2026-11-27"}),
        ("a: 0123", {"a": "0123"}),
        ("a: [1, -2, 0]", {"a": [1, -2, 0]}),
        ("a: true\nb: false\nc: null\nd: ~\ne:", {"a": True, "b": False, "c": None, "d": None, "e": None}),
        ("a: 'true'", {"a": "true"}),
        ("a: баллы", {"a": "баллы"}),
        ("a: <<", {"a": "<<"}),
    ],
)
def test_what_is_written_is_what_is_meant(text: str, value: Any) -> None:
    assert read_yaml(text) == value


@pytest.mark.parametrize(
    ("text", "words", "place"),
    [
        ("a: 1\nb: 2\na: 3", "repeated", (3, 1)),
        ("a: &x 1\nb: *x", "anchors", (1, 4)),
        ("b: *x", "anchors", (1, 4)),
        ("1: a", "no text", (1, 1)),
        ("a: [1", "expected", (1, 6)),
        ("a: !!python/object:os.system x", "tags", (1, 4)),
        ("a: 1\n---\nb: 2", "another document", (2, 1)),
    ],
)
def test_ambiguous_yaml_is_refused_with_its_place(text: str, words: str, place: tuple[int, int]) -> None:
    with pytest.raises(YamlUnreadableError, match=words) as refusal:
        read_yaml(text)
    assert (refusal.value.line, refusal.value.column) == place


@pytest.mark.parametrize("text", ["a: \x00", "[" * 10_000, "x" * 1_000_001], ids=["NUL", "nested", "large"])
def test_hostile_yaml_is_refused(text: str) -> None:
    with pytest.raises(YamlUnreadableError):
        read_yaml(text)
