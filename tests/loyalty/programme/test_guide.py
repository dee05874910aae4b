"""The guide of the programme says what can be published: every example is checked, every option has one."""

import re
import typing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from loyalty.programme.decoding import decode_programme
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.facts import MEMBER_FACTS, PURCHASE_FACTS, STORE_FACTS
from loyalty.programme.inspection import inspect_yaml
from loyalty.programme.validation import validate
from loyalty.programme.yaml import read_yaml

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "programme.md").read_text(encoding="utf-8")
_BLOCKS = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES: list[dict[str, Any]] = [read_yaml(block) for block in _BLOCKS.findall(PAGE)]
HEAD = EXAMPLES[0]
"""The first example is the head that the others are added to."""


def parts(kind: Any, found: dict[type[Struct], None]) -> None:
    """Every part that a document can have."""
    if isinstance(kind, type) and issubclass(kind, Struct) and kind not in found:
        found[kind] = None
        for field in msgspec.structs.fields(kind):
            parts(field.type, found)
    for inner in typing.get_args(kind):
        parts(inner, found)


def names_in(value: object) -> set[str]:
    if isinstance(value, dict):
        return {*value, *(name for item in value.values() for name in names_in(item))}
    return {name for item in value for name in names_in(item)} if isinstance(value, list) else set()


@pytest.mark.parametrize("example", EXAMPLES, ids=[", ".join(example) for example in EXAMPLES])
def test_every_example_can_be_published(example: dict[str, Any]) -> None:
    gold = {"tiers": [{"code": "gold", "names": {"en": "Gold", "ru": "Золотой"}}]}
    assert validate(decode_programme(HEAD | gold | example)) == []


def test_every_option_has_an_example() -> None:
    every: dict[type[Struct], None] = {}
    parts(ProgrammeDocument, every)
    options = {field.name for part in every for field in msgspec.structs.fields(part)}
    assert options - {name for example in EXAMPLES for name in names_in(example)} == set(), "add them to the guide"


def test_every_fact_is_told() -> None:
    told = {fact.name: fact.meaning for fact in (*PURCHASE_FACTS, *MEMBER_FACTS, *STORE_FACTS)}
    rows = dict(re.findall(r"^\| `([a-z_.]+)` \| [a-z()]+ \| (.+) \|$", PAGE, re.MULTILINE))
    assert rows == told


@pytest.mark.parametrize("file", sorted((DOCS / "programmes").glob("*.yaml")), ids=lambda file: file.stem)
def test_the_whole_programmes_have_neither_errors_nor_warnings(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert inspect_yaml(text) == []
