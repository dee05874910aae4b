"""The catalogue: imported whole or not at all, and found again."""

from typing import Any

import httpx
import pytest

from tests.shop import Shop

COLUMNS = "sku,name:en,name:ru,category,brand,tags\n"


@pytest.fixture
async def marketer(shop: Shop) -> dict[str, str]:
    return await shop.staff("marketer")


async def upload(client: httpx.AsyncClient, headers: dict[str, str], content: str | bytes) -> httpx.Response:
    encoded = content.encode() if isinstance(content, str) else content
    return await client.put(
        "/v1/admin/catalogue/file", headers=headers | {"Content-Type": "text/csv; charset=utf-8"}, content=encoded
    )


async def skus(client: httpx.AsyncClient, headers: dict[str, str], **query: Any) -> list[str]:
    answer = await client.get("/v1/admin/catalogue/items", headers=headers, params=query)
    assert answer.status_code == 200, answer.text
    return [item["sku"] for item in answer.json()["items"]]


def item(sku: str, **more: Any) -> dict[str, Any]:
    return {"sku": sku, "names": {"en": sku.title()}, **more}


async def test_items_sent_again_change_nothing(client: httpx.AsyncClient, marketer: dict[str, str]) -> None:
    body = {"items": [item("latte", tags=["hot"]), item("espresso", category="drinks/coffee")]}
    first = await client.put("/v1/admin/catalogue/items", headers=marketer, json=body)
    again = await client.put("/v1/admin/catalogue/items", headers=marketer, json=body)
    assert (first.json(), again.json()) == ({"items": 2, "changed": 2}, {"items": 2, "changed": 0})
    assert await skus(client, marketer) == ["espresso", "latte"]


@pytest.mark.parametrize(
    ("items", "at"),
    [
        ([item("a"), item("a")], "items[1].sku"),
        ([item("a"), item("b", category="drinks//coffee")], "items[1].category"),
        ([item("a", tags=[""])], "items[0].tags"),
        ([item("a", tags=["x\u0000"])], "items[0].tags"),
        ([item("a") | {"names": {"klingon": "x"}}], "items[0].name:klingon"),
        ([item("a") | {"names": {"en": ""}}], "items[0].name:en"),
    ],
)
async def test_one_item_that_cannot_be_stops_them_all(
    client: httpx.AsyncClient, marketer: dict[str, str], items: list[dict[str, Any]], at: str
) -> None:
    answer = await client.put("/v1/admin/catalogue/items", headers=marketer, json={"items": items})
    assert (answer.status_code, answer.json()["code"]) == (422, "catalogue_invalid")
    assert [problem["at"] for problem in answer.json()["problems"]] == [at]
    assert await skus(client, marketer) == []


@pytest.mark.parametrize(
    "items",
    [[], [item("x")] * 501, [item("a", price=1)], [item("")], [item("a/b")], [item("a\n1")], [{"sku": 7}], ["a"]],
)
async def test_items_that_do_not_fit_the_schema_are_malformed(
    client: httpx.AsyncClient, marketer: dict[str, str], items: list[Any]
) -> None:
    answer = await client.put("/v1/admin/catalogue/items", headers=marketer, json={"items": items})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


async def test_a_file_with_quotes_blank_lines_and_windows_line_ends_is_read(
    client: httpx.AsyncClient, marketer: dict[str, str]
) -> None:
    content = (
        "\ufeff"
        + COLUMNS
        + "\n"
        'espresso,"Espresso, ""double""",Эспрессо,drinks/coffee,Own,hot | strong\n'
        ",,,,,\n"
        'cake,"Cake\tof\xa0day",,,,\n'.replace("\t", " ")
    ).replace("\n", "\r\n")
    answer = await upload(client, marketer, content)
    assert (answer.status_code, answer.json()) == (200, {"items": 2, "changed": 2})
    espresso = (await client.get("/v1/admin/catalogue/items/espresso", headers=marketer)).json()
    assert espresso["names"] == {"en": 'Espresso, "double"', "ru": "Эспрессо"}
    assert (espresso["category"], espresso["brand"], espresso["tags"]) == ("drinks/coffee", "Own", ["hot", "strong"])


async def test_a_file_of_semicolons_is_read(client: httpx.AsyncClient, marketer: dict[str, str]) -> None:
    assert (await upload(client, marketer, "sku;name:ru\nlatte;Латте, большой\n")).json()["items"] == 1


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        ("", [(1, "sku")]),
        ("name:en\nEspresso\n", [(1, "sku")]),
        ("sku,price\nespresso,100\n", [(1, "price")]),
        ("sku,sku\na,b\n", [(1, "sku")]),
        ("sku\na\n\nb\na\n", [(5, "sku")]),
        ("sku,brand\na\nb,x,y\n", [(2, ""), (3, "")]),
        ("sku,brand\n,x\n", [(2, "sku")]),
        (f"sku\n{'a' * 65}\n", [(2, "sku")]),
        ('sku,name:en\na,"open\nb,x\n', [(2, "")]),
        ('sku,name:en\na,"two\nlines"\nb/c,x\n', [(2, "name:en"), (4, "sku")]),
        ("sku,category\na,/x\nb,x\n", [(2, "category")]),
        (b"sku\na\nb\xff\n", [(3, "")]),
        (f"sku,brand\na,{'x' * 200_000}\n", [(2, "")]),
        ("sku\na\x00\n", [(2, "sku")]),
    ],
)
async def test_a_broken_file_is_told_line_by_line_and_imports_nothing(
    client: httpx.AsyncClient, marketer: dict[str, str], content: str | bytes, problems: list[tuple[int, str]]
) -> None:
    answer = await upload(client, marketer, content)
    assert (answer.status_code, answer.json()["code"]) == (422, "catalogue_file_invalid")
    assert [(problem["line"], problem["field"]) for problem in answer.json()["problems"]] == problems
    assert await skus(client, marketer) == []


async def test_a_file_is_bounded_in_bytes_items_problems_and_kind(
    client: httpx.AsyncClient, marketer: dict[str, str]
) -> None:
    assert (await upload(client, marketer, b"sku\n" + b"a" * 5 * 1024 * 1024)).status_code == 413
    many = await upload(client, marketer, "sku\n" + "\n".join(str(number) for number in range(50_001)))
    assert [problem["line"] for problem in many.json()["problems"]] == [50_002]
    broken = await upload(client, marketer, "sku\n" + "a/b\n" * 1_000)
    assert len(broken.json()["problems"]) == 100
    json = await client.put("/v1/admin/catalogue/file", headers=marketer, json={"sku": "a"})
    assert (json.status_code, json.json()["code"]) == (415, "unsupported_media_type")


async def test_items_are_searched_by_sku_name_category_and_brand(
    client: httpx.AsyncClient, marketer: dict[str, str]
) -> None:
    body = {
        "items": [
            item("ESP-1", category="drinks/coffee", brand="Own") | {"names": {"en": "Espresso", "ru": "Эспрессо"}},
            item("CK_2", category="drinks", brand="Own") | {"names": {"en": "100% cake"}},
            item("CKX2", category="drinkswear") | {"names": {"en": "Cup"}},
        ]
    }
    await client.put("/v1/admin/catalogue/items", headers=marketer, json=body)
    assert await skus(client, marketer, q="esp") == ["ESP-1"]
    assert await skus(client, marketer, q="ЭСПРЕ") == ["ESP-1"]
    assert await skus(client, marketer, q="ck_") == ["CK_2"]
    assert await skus(client, marketer, q="0%") == ["CK_2"]
    assert await skus(client, marketer, q="\\") == []
    assert await skus(client, marketer, category="drinks") == ["CK_2", "ESP-1"]
    assert await skus(client, marketer, brand="Own", q="100") == ["CK_2"]


async def test_a_walk_through_the_pages_meets_every_item_once(
    client: httpx.AsyncClient, marketer: dict[str, str]
) -> None:
    await upload(client, marketer, "sku\n" + "\n".join(f"{number:03}" for number in range(7)))
    met, cursor = [], None
    while True:
        query = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        answer = (await client.get("/v1/admin/catalogue/items", headers=marketer, params=query)).json()
        met += [found["sku"] for found in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert met == [f"{number:03}" for number in range(7)]
