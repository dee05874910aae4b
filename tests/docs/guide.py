"""Running a guide: every request of the page is sent, every answer compared with the one that is printed there."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import httpx

_BLOCK = re.compile(r"^```http\n(?P<request>.*?)^```\n\n^```json (?P<status>\d+)\n(?P<answer>.*?)^```$", re.M | re.S)
_FENCES = re.compile(r"^```(http|json)", re.M)
_NAME = re.compile(r"\{\{(\w+)\}\}")
_ANY = "…"

Fresh: TypeAlias = Mapping[str, Callable[[], Awaitable[str]]]
"""Names whose value is made when it is used, such as a code that rotates."""


@dataclass(frozen=True)
class Exchange:
    """One request of the page and its answer. ``line`` is where it stands."""

    line: int
    request: str
    status: int
    answer: Any


def exchanges(page: Path) -> list[Exchange]:
    """All of the page, in order. Every fenced request has an answer right behind it."""
    text = page.read_text(encoding="utf-8")
    found = [
        Exchange(
            text.count("\n", 0, block.start()) + 1, block["request"], int(block["status"]), json.loads(block["answer"])
        )
        for block in _BLOCK.finditer(text)
    ]
    assert 2 * len(found) == len(_FENCES.findall(text)), "a request without an answer, or an answer without a request"
    return found


async def run(client: httpx.AsyncClient, page: Path, known: dict[str, str], fresh: Fresh) -> int:
    """Send the page's requests; answers how many. ``known`` are the values that the reader has from elsewhere."""
    values: dict[str, Any] = dict(known)
    told = exchanges(page)
    for each in told:
        for name in set(_NAME.findall(each.request)) & fresh.keys():
            values[name] = await fresh[name]()
        answer = await _send(client, _NAME.sub(lambda match: values[match[1]], each.request))
        assert answer.status_code == each.status, f"line {each.line}: {answer.text}"
        _compare(each.answer, answer.json(), values, f"line {each.line}")
    return len(told)


async def _send(client: httpx.AsyncClient, request: str) -> httpx.Response:
    head, _, body = request.partition("\n\n")
    first, *rest = head.strip().splitlines()
    method, path = first.split(" ")
    headers = dict(line.split(": ", 1) for line in rest)
    return await client.request(method, path, headers=headers, json=json.loads(body) if body.strip() else None)


def _compare(printed: Any, sent: Any, values: dict[str, Any], at: str) -> None:
    if isinstance(printed, dict):
        assert isinstance(sent, dict), at
        for name, value in printed.items():
            assert name in sent, f"{at}: no {name} in {sent}"
            _compare(value, sent[name], values, f"{at}, {name}")
    elif isinstance(printed, list):
        assert isinstance(sent, list), at
        assert len(printed) == len(sent), f"{at}: {sent}"
        for place, (left, right) in enumerate(zip(printed, sent, strict=True)):
            _compare(left, right, values, f"{at}[{place}]")
    elif isinstance(printed, str) and (name := _NAME.fullmatch(printed)):
        assert values.setdefault(name[1], sent) == sent, at
    elif printed != _ANY:
        expected = _NAME.sub(lambda match: str(values[match[1]]), printed) if isinstance(printed, str) else printed
        assert expected == sent, f"{at}: {sent!r} and not {expected!r}"
