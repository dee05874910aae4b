"""A receipt is found from any store: what was sold, what came back, what it earned and why; the member masked."""

import httpx
import pytest

from api.services import Services
from loyalty.members.ids import member_public_id
from tests.journeys.tills import done, line, receipt, refund, sale, send
from tests.programmes import fixed, programme, publish, rate
from tests.shop import Shop


async def test_a_sale_is_shown_with_its_refunds_and_every_rule(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services, programme(rate(), fixed("big", 50, minimum_basket_minor=50_000)))
    till, elsewhere = await shop.till(), await shop.till()
    member_id = await shop.member(phone="+79990001234", name="Anna Kovaleva")
    bought = await done(
        client,
        till,
        "purchases",
        sale("1", line("a", 6_000, quantity="3"), line("b", 4_000), member={"id": member_public_id(member_id)}),
    )
    back = await done(client, till, "refunds", refund("1", lines=[{"id": "a", "quantity": "1"}]))

    found = await client.get(f"/v1/pos/receipts/{bought['id']}", headers=elsewhere.headers)
    assert found.status_code == 200, found.text
    shown = found.json()
    assert (shown["kind"], shown["terminal"], shown["business_date"]) == ("purchase", till.terminal_id, "2026-03-02")
    assert shown["member"] == {
        "member_id": member_public_id(member_id),
        "status": "active",
        "name": "Anna K.",
        "identities": [{"kind": "phone", "masked": "+7 ••• ••• 12-34"}],
    }
    lines = [(each["id"], each["quantity"], each["refunded_quantity"]) for each in shown["purchase"]["lines"]]
    assert lines == [("a", "3", "1"), ("b", "1", "0")]
    assert [each["id"] for each in shown["purchase"]["refunds"]] == [back["id"]]
    rules = [(row["rule"], row["outcome"], row["points"], row["reason"]) for row in shown["purchase"]["explanation"]]
    assert rules == [("base", "paid", 100, ""), ("big", "missed", 0, "minimum")]
    assert "9990001234" not in found.text

    of_refund = (await client.get(f"/v1/pos/receipts/{back['id']}", headers=elsewhere.headers)).json()
    assert (of_refund["kind"], of_refund["refund"]["amount_minor"]) == ("refund", 2_000)
    assert of_refund["purchase"] == shown["purchase"]

    search = {"receipt": receipt("1"), "store": shown["store_id"], "terminal": till.terminal_id}
    assert await done(client, elsewhere, "receipt-searches", search) == shown
    assert await done(
        client, elsewhere, "receipt-searches", {**search, "receipt": receipt("r1"), "kind": "refund"}
    ) == (of_refund)


@pytest.mark.parametrize("reason", ["Anna asked, +7 999 000 12 34", "Chipped", "", "x" * 65])
async def test_the_reason_of_what_comes_back_is_a_code_and_no_words_about_somebody(
    services: Services, client: httpx.AsyncClient, shop: Shop, reason: str
) -> None:
    await publish(services, programme(rate(), refunds={"without_receipt": True}))
    till, member = await shop.till(), {"id": member_public_id(await shop.member())}
    await done(client, till, "purchases", sale("1", line(quantity="2"), member=member))
    half = refund("1", "r1", lines=[{"id": "1", "quantity": "1"}])
    goods = {**sale("r2", member=member)}
    del goods["total_minor"]
    for path, body in (("refunds", half), ("returns", goods)):
        refused = await send(client, till, path, {**body, "reason": reason})
        assert (refused.status_code, "reason" in refused.text) == (400, True), refused.text
        kept = await done(client, till, path, {**body, "reason": "chipped"})
        shown = await client.get(f"/v1/pos/receipts/{kept['id']}", headers=till.headers)
        assert shown.json()["refund"]["reason"] == "chipped"


async def test_receipts_of_guests_those_that_wait_and_those_that_were_blocked_are_found(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    till = await shop.till()
    await done(client, till, "purchases", sale("guest"))
    await done(client, till, "voids", {"receipt": receipt("never")})
    await done(client, till, "refunds", refund("unknown"))
    kinds = {
        number: (await done(client, till, "receipt-searches", {"receipt": receipt(number), "kind": kind}))
        for number, kind in (("guest", "sale"), ("never", "sale"), ("r1", "refund"))
    }
    assert [shown["kind"] for shown in kinds.values()] == ["guest", "void", "waiting"]
    assert kinds["guest"]["guest"]["total_minor"] == 10_000
    assert kinds["r1"]["waiting"]["receipt_of"].endswith("/2026-03-02/unknown")


@pytest.mark.parametrize("receipt_id", ["pur_1-1-00", "ref_zz", "hld_1-1-00", "x", "%00"])
async def test_what_is_no_receipt_is_not_found(client: httpx.AsyncClient, shop: Shop, receipt_id: str) -> None:
    till = await shop.till()
    answer = await client.get(f"/v1/pos/receipts/{receipt_id}", headers=till.headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "receipt_not_found")
    missing = await send(client, till, "receipt-searches", {"receipt": receipt("nothing")})
    assert (missing.status_code, missing.json()["code"]) == (404, "receipt_not_found")


async def test_refunds_that_wait_are_listed_page_by_page_for_their_own_store(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    till, other_store = await shop.till(), await shop.till()
    await done(client, till, "purchases", sale("guest"))
    for number, of in (("r1", "unknown"), ("r2", "guest"), ("r3", "unknown")):
        await done(client, till, "refunds", refund(of, number))
    await done(client, other_store, "refunds", refund("unknown"))
    first = (await client.get("/v1/pos/waiting-refunds?limit=2", headers=till.headers)).json()
    assert [(item["receipt"]["number"], item["sale"]) for item in first["items"]] == [
        ("r1", "unknown"),
        ("r2", "guest"),
    ]
    query = {"limit": 2, "cursor": first["next"]}
    second = (await client.get("/v1/pos/waiting-refunds", params=query, headers=till.headers)).json()
    assert [item["receipt"]["number"] for item in second["items"]] == ["r3"]
    assert second["next"] is None
