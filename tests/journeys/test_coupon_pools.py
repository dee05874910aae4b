"""Filling a pool: whole or not at all, each problem told with its line; counting, exporting and withdrawing codes."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api.services import Services
from loyalty.rewards.coupon_files import MOST_COUPONS
from tests.journeys.counter import Counter, with_rewards
from tests.journeys.test_coupons import POOL, TICKET, cinema
from tests.programmes import publish
from tests.shop import Shop
from tests.verified import assert_verified

LATER = "2031-01-01T00:00:00Z"


@pytest.fixture
async def counter(services: Services, client: httpx.AsyncClient, shop: Shop) -> AsyncIterator[Counter]:
    await publish(services, with_rewards(TICKET))
    yield Counter(services, client, shop)
    await assert_verified(services)


@pytest.fixture
async def marketer(shop: Shop) -> dict[str, str]:
    return await shop.staff("marketer")


async def send(client: httpx.AsyncClient, headers: dict[str, str], file: str | bytes, **query: str) -> httpx.Response:
    """A file for the pool."""
    return await client.put(f"{POOL}/file", content=file, params=query, headers=headers | {"Content-Type": "text/csv"})


def told(answer: httpx.Response) -> list[tuple[int, str]]:
    return [(problem["line"], problem["message"]) for problem in answer.json().get("problems", [])]


@pytest.mark.parametrize(
    ("file", "problems"),
    [
        ("code\nA\nB\nA\n", [(4, "stands on line 2 already")]),
        ("code\nA\n\nB\n  \n", [(3, "is blank"), (5, "is blank")]),
        ('code\n"A,B"\n', []),
        ("code\nA,B\n", [(2, "has more than one value")]),
        ("code\nэ\nKNOWN\n", [(2, "has characters that are not printable ASCII")]),
        ("code\nA\x07B\nC\x00\n", [(n, "has characters that are not printable ASCII") for n in (2, 3)]),
        (f"code\n{'A' * 128}\n", []),
        (f"code\n{'A' * 129}\n", [(2, "has more than 128 characters")]),
        ("code\nNEW\nKNOWN\n", [(3, "is in the pool already")]),
        ("name\nA\n", [(1, "is not the one column of the file")]),
        ("", [(1, "is not the one column of the file")]),
        (b"code\nA\n\xff\n", [(3, "is not UTF-8")]),
        ('code\nA\n"B\n', [(3, "has a quote that is not closed, or a value that is too long")]),
    ],
)
async def test_a_file_is_taken_whole_or_not_at_all(
    counter: Counter,
    client: httpx.AsyncClient,
    marketer: dict[str, str],
    file: str | bytes,
    problems: list[tuple[int, str]],
) -> None:
    await client.post(f"{POOL}/codes", json={"codes": ["KNOWN"]}, headers=marketer)
    answer = await send(client, marketer, file)
    assert (answer.status_code, told(answer)) == (422 if problems else 200, problems)
    assert await cinema(client, marketer) == {"free": 1 if problems else 2}


async def test_duplicates_are_skipped_where_that_is_asked_for_and_nothing_else_is(
    counter: Counter, client: httpx.AsyncClient, marketer: dict[str, str]
) -> None:
    await client.post(f"{POOL}/codes", json={"codes": ["KNOWN"]}, headers=marketer)
    answer = await send(client, marketer, "code\nKNOWN\nA\nA\n", duplicates="skip")
    assert answer.json() == {"pool": "cinema", "codes": 1, "skipped": 2}
    body = {"codes": ["A", "B", "B"], "duplicates": "skip"}
    answer = await client.post(f"{POOL}/codes", json=body, headers=marketer)
    assert answer.json() == {"pool": "cinema", "codes": 1, "skipped": 2}
    assert told(await send(client, marketer, "code\nA\n\nC\n", duplicates="skip")) == [(3, "is blank")]
    assert await cinema(client, marketer) == {"free": 3}


async def test_a_file_of_as_many_codes_as_can_be_is_taken_and_one_of_more_is_not(
    counter: Counter, client: httpx.AsyncClient, marketer: dict[str, str]
) -> None:
    file = "code\n" + "".join(f"CODE-{number}\n" for number in range(MOST_COUPONS))
    answer = await send(client, marketer, file + "CODE-X\n")
    assert told(answer) == [(MOST_COUPONS + 2, "is beyond the 100000 codes that can be added at once")]
    assert await cinema(client, marketer) == {}
    assert (await send(client, marketer, file)).json()["codes"] == MOST_COUPONS
    assert await cinema(client, marketer) == {"free": MOST_COUPONS}
    again = await send(client, marketer, file)
    assert (again.status_code, len(told(again))) == (422, 100)


async def test_blanks_and_repeats_in_a_list_are_told_by_place(
    counter: Counter, client: httpx.AsyncClient, marketer: dict[str, str]
) -> None:
    answer = await client.post(f"{POOL}/codes", json={"codes": ["A", " ", "A"]}, headers=marketer)
    assert told(answer) == [(2, "is blank"), (3, "stands on line 1 already")]
    assert await cinema(client, marketer) == {}


async def test_a_pool_that_no_reward_names_is_not_there(
    counter: Counter, client: httpx.AsyncClient, marketer: dict[str, str]
) -> None:
    other = "/v1/admin/coupon-pools/theatre"
    csv_headers = marketer | {"Content-Type": "text/csv"}
    answers = [
        await client.post(f"{other}/codes", json={"codes": [" "]}, headers=marketer),
        await client.put(f"{other}/file", content="broken", headers=csv_headers),
        await client.post(f"{other}/generations", json={"codes": 1}, headers=marketer),
        await client.post(f"{other}/withdrawals", json={"reason": "mistake"}, headers=marketer),
        await client.get(f"{other}/file", headers=marketer),
        await client.get(f"{POOL}/file", headers=marketer),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "coupon_pool_not_found")] * 6


async def test_random_codes_are_added_once_and_can_be_read(
    counter: Counter, client: httpx.AsyncClient, marketer: dict[str, str]
) -> None:
    headers = marketer | {"Idempotency-Key": "once"}
    for _ in range(2):
        answer = await client.post(f"{POOL}/generations", json={"codes": 50}, headers=headers)
        assert answer.status_code == 201, answer.text
    body = {"codes": 20, "pattern": "KINO-####-####-##"}
    assert (await client.post(f"{POOL}/generations", json=body, headers=marketer)).status_code == 201
    assert await cinema(client, marketer) == {"free": 70}
    codes = [row["code"] for row in await exported(client, marketer)]
    assert len(set(codes)) == 70
    ours = [code for code in codes if code.startswith("KINO-") and [len(p) for p in code.split("-")] == [4, 4, 4, 2]]
    assert len(ours) == 20
    assert not set("01ILOU") & set("".join(code.removeprefix("KINO") for code in codes))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"codes": 0}, 400),
        ({"codes": -1}, 400),
        ({"codes": MOST_COUPONS + 1}, 400),
        ({"codes": "5"}, 400),
        ({"codes": 2**70}, 400),
        ({"codes": 1, "pattern": "#########"}, 422),
        ({"codes": 1, "pattern": " ##########"}, 400),
        ({"codes": 1, "pattern": "ё##########"}, 400),
        ({"codes": 1, "pattern": "##########\n"}, 400),
        ({"codes": 1, "pattern": "#" * 65}, 400),
        ({"codes": 1, "expires_at": "2001-01-01T00:00:00Z"}, 422),
        ({"codes": 1, "expires_at": "2031-01-01T00:00:00"}, 400),
        ({"codes": 1, "expires_at": "9999-12-31T23:59:59Z"}, 400),
    ],
)
async def test_what_cannot_be_generated_is_refused(
    counter: Counter, client: httpx.AsyncClient, marketer: dict[str, str], body: dict[str, Any], status: int
) -> None:
    answer = await client.post(f"{POOL}/generations", json=body, headers=marketer)
    assert answer.status_code == status, answer.text
    assert await cinema(client, marketer) == {}


async def exported(client: httpx.AsyncClient, headers: dict[str, str]) -> list[dict[str, str]]:
    text = (await client.get(f"{POOL}/file", headers=headers)).content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


async def test_a_pool_says_what_has_become_of_each_code_and_to_whom_it_went(
    counter: Counter, client: httpx.AsyncClient, marketer: dict[str, str], shop: Shop
) -> None:
    await send(client, marketer, "code\nA\nB\nC\nD\nE\n", expires_at=LATER)
    anna = await counter.member(100)
    had, used, taken_back = [await counter.redeem(anna, "ticket") for _ in range(3)]
    support = await shop.staff("support")
    for redemption, end, body in ((used, "fulfilment", None), (taken_back, "cancellation", {"reason": "refused"})):
        path = f"/v1/admin/redemptions/{redemption['id']}/{end}"
        assert (await client.post(path, json=body, headers=support)).status_code == 201
    left = sorted(set("ABCDE") - {redemption["coupon"] for redemption in (had, used, taken_back)})
    withdrawal = {"codes": [left[0]], "reason": "printed_twice"}
    for number in (1, 0):
        answer = await client.post(f"{POOL}/withdrawals", json=withdrawal, headers=marketer)
        assert (answer.status_code, answer.json()) == (201, {"pool": "cinema", "codes": number})
    assert await cinema(client, marketer) == {"free": 1, "handed_out": 1, "used": 1, "withdrawn": 2}
    rows = {row["code"]: (row["state"], row["redemption_id"]) for row in await exported(client, marketer)}
    assert rows == {
        had["coupon"]: ("handed_out", had["id"]),
        used["coupon"]: ("used", used["id"]),
        taken_back["coupon"]: ("withdrawn", taken_back["id"]),
        left[0]: ("withdrawn", ""),
        left[1]: ("free", ""),
    }


async def test_codes_are_withdrawn_all_or_none_and_never_one_that_somebody_has(
    counter: Counter, client: httpx.AsyncClient, marketer: dict[str, str]
) -> None:
    await send(client, marketer, "code\nA\nB\nC\n")
    had = (await counter.redeem(await counter.member(100), "ticket"))["coupon"]
    other = min(set("ABC") - {had})
    body = {"codes": [other, had, "X"], "reason": "leaked"}
    answer = await client.post(f"{POOL}/withdrawals", json=body, headers=marketer)
    problems = [(2, "has been handed out: take its redemption back"), (3, "is not in the pool")]
    assert (answer.status_code, told(answer)) == (422, problems)
    assert await cinema(client, marketer) == {"free": 2, "handed_out": 1}
    answer = await client.post(f"{POOL}/withdrawals", json={"reason": "leaked"}, headers=marketer)
    assert answer.json() == {"pool": "cinema", "codes": 2}
    assert await cinema(client, marketer) == {"handed_out": 1, "withdrawn": 2}
    assert [reason["code"] for reason in await counter.refusal(await counter.member(10), "ticket")] == ["out_of_stock"]
