"""Every way in at a till answers nonsense clearly and keeps nothing of it.

A refusal may bind its idempotency key, which is the one row that is left; see ``leaves_nothing``.
"""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from copy import deepcopy
from typing import Any

import httpx
import pytest

from api.services import Services
from kernel.database import driver
from loyalty.members.ids import member_public_id
from migrations.tables import METADATA
from tests.journeys.tills import basket, done, fetch, line, receipt, refund, sale, send
from tests.programmes import programme, publish, rate
from tests.shop import Shop, Till, bearer

NESTED: Any = []
for _ in range(200):
    NESTED = [NESTED]
DEEP = "[" * 10_000 + "]" * 10_000
INSTANT = "2026-03-02T09:00:00Z"

Body = dict[str, Any]
BODIES: dict[str, Callable[[], Body]] = {
    "quotes": lambda: basket(spend_points=0),
    "holds": lambda: basket(points=1),
    "purchases": lambda: sale("new", tenders=[{"kind": "cash", "amount_minor": 10_000}], rounding_minor=0),
    "refund-quotes": lambda: {"original": {"receipt": receipt("sold")}, "lines": [{"id": "1", "quantity": "1"}]},
    "refunds": lambda: refund("sold", lines=[{"id": "1", "quantity": "1"}]),
    "exchanges": lambda: {"refund": refund("sold"), "purchase": sale("new")},
    "returns": lambda: {
        "member": {},
        "receipt": receipt("back"),
        "occurred_at": INSTANT,
        "currency": "RUB",
        "lines": [line()],
    },
    "voids": lambda: {"receipt": receipt("sold")},
    "claims": lambda: {"claim_code": "2222-2222-2222", "member": {}},
    "receipt-searches": lambda: {"receipt": receipt("sold")},
    "shift-reports": lambda: {
        "business_date": "2026-03-02",
        "sales": {"count": 0, "total_minor": 0},
        "refunds": {"count": 0, "total_minor": 0},
        "receipts": [{"receipt": {"number": "1"}, "total_minor": 0}],
    },
}
"""For each way in a body that is right but for its member."""
WITH_A_MEMBER = {"quotes", "holds", "purchases", "returns", "claims"}
READ_ONLY = {"quotes", "refund-quotes", "receipt-searches"}


@asynccontextmanager
async def leaves_nothing(services: Services) -> AsyncIterator[None]:
    """No table has another number of rows afterwards, apart from stored refusals."""
    before = await row_counts(services)
    yield
    assert await row_counts(services) == before


async def row_counts(services: Services) -> dict[str, int]:
    tables = sorted(set(METADATA.tables) - {"idempotency_key"})
    question = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for name in tables)  # noqa: S608 - ours
    return dict(await fetch(services, question))


@pytest.fixture
async def member(services: Services, shop: Shop) -> dict[str, str]:
    settings = {"without_receipt": True}
    spending = {"value": {"points": 1, "minor": 100}, "needs_proof": False}
    await publish(services, programme(rate(), refunds=settings, spending=spending))
    return {"id": member_public_id(await shop.member())}


@pytest.fixture
async def till(client: httpx.AsyncClient, shop: Shop, member: dict[str, str]) -> Till:
    """A till that has sold for 100.00 to the member."""
    till = await shop.till()
    await done(client, till, "purchases", sale("sold", member=member))
    return till


def body_for(path: str, member: dict[str, str]) -> Body:
    body = deepcopy(BODIES[path]())
    if path in WITH_A_MEMBER:
        body["member"] = member
    return body


def changed(body: Body, place: tuple[str | int, ...], value: Any) -> Body:
    """A copy of ``body`` with ``value`` at ``place``."""
    copy = deepcopy(body)
    inside: Any = copy
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = value
    return copy


def places_of(body: Any, kind: type, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Where values of ``kind`` stand in ``body``."""
    steps = list(body.items()) if isinstance(body, dict) else list(enumerate(body)) if isinstance(body, list) else []
    found = [place for step, value in steps for place in places_of(value, kind, (*at, step))]
    return [*found, at] if type(body) is kind else found


async def post_text(client: httpx.AsyncClient, till: Till, path: str, text: str, *, key: str = "k") -> httpx.Response:
    headers = {**till.headers, "Idempotency-Key": key, "Content-Type": "application/json"}
    return await client.post(f"/v1/pos/{path}", content=text.encode(), headers=headers)


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "") if answer.content else ""


NO_AMOUNTS = [
    -(2**63),
    2**63,
    2**53,
    1e308,
    -1e308,
    float("nan"),
    float("inf"),
    0.5,
    "１００",
    "١٠٠",
    "100",
    True,
    [],
    {},
]


@pytest.mark.parametrize("path", BODIES)
async def test_what_is_no_amount_is_malformed(
    services: Services, client: httpx.AsyncClient, member: dict[str, str], till: Till, path: str
) -> None:
    body = body_for(path, member)
    amounts = places_of(body, int)
    wrong: dict[tuple[object, ...], tuple[int, str]] = {}
    async with leaves_nothing(services):
        for place in amounts:
            # Rounding alone may be below zero, and is told by the total that does not fit then.
            for value in NO_AMOUNTS + ([] if place[-1] == "rounding_minor" else [-1]):
                answer = await post_text(client, till, path, json.dumps(changed(body, place, value)))
                if told(answer) != (400, "malformed_request"):
                    wrong[place, repr(value)] = told(answer)
    assert wrong == {}
    assert amounts or path in {"voids", "claims", "receipt-searches", "refunds", "refund-quotes"}


@pytest.mark.parametrize("path", BODIES)
async def test_zero_is_an_amount(client: httpx.AsyncClient, member: dict[str, str], till: Till, path: str) -> None:
    body = body_for(path, member)
    for place in places_of(body, int):
        if place != ("points",):
            body = changed(body, place, 0)
    answer = await send(client, till, path, body)
    expected = {"claims": (404, "claim_code_unknown"), "holds": (422, "spend_refused")}
    assert answer.is_success or told(answer) == expected.get(path), answer.text


NO_QUANTITIES = ["-1", "1e5", "NaN", "１", "", "1.", ".5", "1.0000001", "1234567890123", 1, None, [], " 1"]
NO_CODES = ["", "a\u0000b", "a/b", "a\nb", "x" * 65, 7, None, [], {}, NESTED]
NO_DATES = ["2026-02-30", "yesterday", "2026-3-2", 20260302, "", []]
NO_INSTANTS = ["2026-03-02T09:00:00", "2026-03-02", "now", 1_772_442_000, "2026-03-02T25:00:00Z", [], None]


@pytest.mark.parametrize("path", BODIES)
async def test_what_is_no_text_of_its_kind_is_malformed(
    services: Services, client: httpx.AsyncClient, member: dict[str, str], till: Till, path: str
) -> None:
    values_by_name: dict[str | int, list[Any]] = {
        "quantity": NO_QUANTITIES,
        "number": NO_CODES,
        "sku": NO_CODES,
        "kind": ["", "car", 1],
        "currency": ["rub", "RU", "RUBL", "РУБ", 643, None],
        "business_date": NO_DATES,
        "occurred_at": NO_INSTANTS,
        "claim_code": ["", "2", "2" * 33, 7, None],
    }
    body = body_for(path, member)
    wrong: dict[tuple[object, ...], tuple[int, str]] = {}
    async with leaves_nothing(services):
        for place in places_of(body, str):
            for value in values_by_name.get(place[-1], []):
                if (place[-1], value) == ("kind", "car") and "tenders" in place:
                    continue  # a kind of payment is the shop's own word
                answer = await post_text(client, till, path, json.dumps(changed(body, place, value)))
                if told(answer) != (400, "malformed_request"):
                    wrong[place, repr(value)] = told(answer)
    assert wrong == {}


@pytest.mark.parametrize("path", BODIES)
async def test_unknown_members_nested_arrays_and_huge_keys_are_malformed(
    services: Services, client: httpx.AsyncClient, member: dict[str, str], till: Till, path: str
) -> None:
    body = body_for(path, member)
    text = json.dumps(body)
    wrong: dict[tuple[object, ...], tuple[int, str]] = {}
    async with leaves_nothing(services):
        for place in [(), *places_of(body, dict)]:
            if place and place[-1] != "member":
                given = changed(body, (*place, "surprise"), 1)
                answer = await post_text(client, till, path, json.dumps(given))
                if told(answer) != (400, "malformed_request"):
                    wrong["unknown", place] = told(answer)
        for name in body:
            nested = text.replace(json.dumps(body[name]), DEEP, 1)
            answer = await post_text(client, till, path, nested)
            if told(answer) != (400, "malformed_request"):
                wrong["nested", name] = told(answer)
        if path not in READ_ONLY:
            for key in ("", "x" * 256, "x" * 1024 * 1024):
                answer = await post_text(client, till, path, text, key=key)
                if told(answer) != (400, "malformed_request"):
                    wrong["key", len(key)] = told(answer)
    assert wrong == {}


@pytest.mark.parametrize("path", [*BODIES, "batches"])
async def test_another_audiences_token_opens_nothing(
    services: Services, client: httpx.AsyncClient, shop: Shop, member: dict[str, str], till: Till, path: str
) -> None:
    await shop.member(phone="+79990000077")
    phone = bearer((await shop.phone_session("+79990000077"))["access_token"])
    staff = await shop.staff("owner")
    body = body_for(path, member) if path in BODIES else {"items": [{"key": "k", "kind": "purchase"}]}
    async with leaves_nothing(services):
        for headers in ({}, phone, staff, bearer("nonsense"), {"Authorization": "Basic eDp5"}):
            answer = await client.post(f"/v1/pos/{path}", json=body, headers={**headers, "Idempotency-Key": "k"})
            assert told(answer) == (401, "not_authenticated")


REFUSALS: dict[str, tuple[str, Callable[[Body], Body], tuple[int, str]]] = {
    "currency of another country": ("purchases", lambda b: b | {"currency": "EUR"}, (422, "currency_refused")),
    "currency that nobody has": ("quotes", lambda b: b | {"currency": "ZZZ"}, (422, "currency_refused")),
    "total that does not fit": ("purchases", lambda b: b | {"total_minor": 1}, (422, "sale_inconsistent")),
    "rounding below zero": ("purchases", lambda b: b | {"rounding_minor": -1}, (422, "sale_inconsistent")),
    "two lines with one id": ("purchases", lambda b: b | {"lines": b["lines"] * 2}, (422, "sale_inconsistent")),
    "receipt without a day": ("purchases", lambda b: b | {"receipt": {"number": "1"}}, (422, "sale_inconsistent")),
    "the first year": ("purchases", lambda b: b | {"occurred_at": "0001-01-01T00:00:00Z"}, (422, "instant_impossible")),
    "the last year": ("refunds", lambda b: b | {"occurred_at": "9999-12-31T23:59:59Z"}, (422, "instant_impossible")),
    "a clock in the first year": (
        "purchases",
        lambda b: b | {"sent_at": "0001-01-01T00:00:00+14:00"},
        (422, "instant_impossible"),
    ),
    "unknown member": ("purchases", lambda b: b | {"member": {"id": "mem_zz-00"}}, (404, "member_not_found")),
    "unknown card": ("quotes", lambda b: b | {"member": {"card": "2900000009"}}, (404, "member_not_found")),
    "member without a name": ("holds", lambda b: b | {"member": {}}, (422, "identity_missing")),
    "token of nobody": ("holds", lambda b: b | {"member": {"token": "a.b.c"}}, (422, "member_token_refused")),
    "hold without a member": ("holds", lambda b: b | {"member": None}, (404, "not_found")),
    "more points than there are": ("holds", lambda b: b | {"points": 101}, (422, "spend_refused")),
    "unknown hold": ("purchases", lambda b: b | {"hold_id": "hld_1-1-00"}, (404, "hold_not_found")),
    "somebody else's terminal": ("purchases", lambda b: b | {"terminal": "other"}, (422, "terminal_foreign")),
    "unknown store": (
        "refunds",
        lambda b: b | {"original": {"receipt": receipt("sold"), "store": "nowhere"}},
        (404, "store_not_found"),
    ),
    "unknown store, searched": ("receipt-searches", lambda b: b | {"store": "nowhere"}, (404, "receipt_not_found")),
    "unknown purchase": (
        "refunds",
        lambda b: b | {"original": {"purchase_id": "pur_1-1-00"}},
        (404, "purchase_not_found"),
    ),
    "two originals": (
        "refunds",
        lambda b: b | {"original": {"purchase_id": "pur_1-1-00", "receipt": receipt("sold")}},
        (422, "original_unclear"),
    ),
    "unknown line": ("refunds", lambda b: b | {"lines": [{"id": "2", "quantity": "1"}]}, (422, "line_not_found")),
    "refund above the purchase": (
        "refunds",
        lambda b: b | {"lines": [{"id": "1", "quantity": "1.000001"}]},
        (422, "refund_above_purchase"),
    ),
    "the same line above the purchase": (
        "refund-quotes",
        lambda b: b | {"lines": b["lines"] * 2},
        (422, "refund_above_purchase"),
    ),
    "nothing of a line": (
        "refunds",
        lambda b: b | {"lines": [{"id": "1", "quantity": "0"}]},
        (409, "nothing_to_refund"),
    ),
    "void of nothing": ("voids", lambda _: {}, (422, "void_unclear")),
    "void of everything": ("voids", lambda b: b | {"hold_id": "hld_1-1-00"}, (422, "void_unclear")),
    "void of an unknown hold": ("voids", lambda _: {"hold_id": "x"}, (404, "hold_not_found")),
    "wrong claim code": ("claims", lambda b: b, (404, "claim_code_unknown")),
    "same receipt, other body": ("purchases", lambda b: b | {"receipt": receipt("sold")}, (422, "receipt_differs")),
}


@pytest.mark.parametrize("name", REFUSALS)
async def test_what_cannot_be_right_is_refused_with_its_code(
    services: Services, client: httpx.AsyncClient, member: dict[str, str], till: Till, name: str
) -> None:
    path, change, expected = REFUSALS[name]
    body = change(body_for(path, member))
    async with leaves_nothing(services):
        assert told(await send(client, till, path, body)) == expected


async def test_a_hold_is_captured_once(
    services: Services, client: httpx.AsyncClient, member: dict[str, str], till: Till
) -> None:
    hold = await done(client, till, "holds", basket(member=member, points=50))
    await done(client, till, "purchases", sale("first", member=member, hold_id=hold["id"]))
    async with leaves_nothing(services):
        again = await send(client, till, "purchases", sale("second", member=member, hold_id=hold["id"]))
        voided = await send(client, till, "voids", {"hold_id": hold["id"]})
    assert (told(again), told(voided)) == ((409, "hold_not_open"), (409, "hold_not_open"))


async def test_a_sku_that_nobody_knows_is_sold_and_flagged(
    client: httpx.AsyncClient, member: dict[str, str], till: Till
) -> None:
    answer = await done(client, till, "purchases", sale("new", line(sku="nobody-knows-it"), member=member))
    assert answer["flags"] == ["unknown_sku"]


async def test_one_broken_item_of_five_hundred_is_answered_in_its_place(
    services: Services, client: httpx.AsyncClient, member: dict[str, str], till: Till
) -> None:
    """Whatever is wrong with it, and however it is written."""
    good = [{"key": f"k{n}", "kind": "purchase", "purchase": sale(str(n), member=member)} for n in range(499)]
    item = json.dumps({"key": "bad", "kind": "purchase", "purchase": sale("bad", member=member)})
    broken = {
        "an amount below zero": item.replace("10000", "-1"),
        "an amount of 2^63": item.replace("10000", str(2**63)),
        "an amount of 1e308": item.replace("10000", "1e308"),
        "a fraction": item.replace("10000", "0.5"),
        "text for a number": item.replace("10000", '"10000"'),
        "an unknown member": item.replace('"kind"', '"surprise": 1, "kind"', 1),
        "a huge key": item.replace('"bad"', '"' + "x" * 1024 * 1024 + '"', 1),
        "nested arrays": item.replace('"espresso"', json.dumps(NESTED)),
        "no object": "5",
    }
    text = json.dumps({"items": good})
    for name, bad in broken.items():
        answer = await post_text(client, till, "batches", text[:-2] + f", {bad}]}}")
        assert answer.status_code == 200, (name, answer.text)
        *others, last = answer.json()["items"]
        assert {each["status"] for each in others} == {201}, name
        assert (last["status"], last["body"]["code"]) == (400, "malformed_request"), name
    assert await fetch(services, "SELECT count(*) FROM purchase") == [(500,)]
    async with services.database.read() as session:
        kept = await (await driver(session)).fetchval("SELECT count(*) FROM idempotency_key WHERE key = 'bad'")
    assert kept == 0
