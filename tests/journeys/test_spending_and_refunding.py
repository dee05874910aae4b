"""Points as payment and goods that come back: quote, hold, sell, refund, void."""

from typing import Any

import httpx
import pytest

from api.services import Services
from loyalty.members.ids import member_public_id
from tests.clocks import MovableClock
from tests.journeys.tills import basket, done, fetch, line, refund, sale, send
from tests.programmes import POINTS, fixed, programme, publish, rate
from tests.shop import Shop, Till, bearer
from tests.verified import assert_verified

SPENDING = {"value": {"points": 1, "minor": 100}, "maximum_share_bp": 5_000, "minimum_points": 1}
REDUCE_CASH = {"shortfall": "reduce_cash"}


async def shop_with_a_rich_member(services: Services, client: httpx.AsyncClient, shop: Shop) -> tuple[Till, int]:
    """A member with 100 points at a till; a point is worth a rouble and pays up to half of a basket."""
    await publish(services, programme(rate(points=1, per_minor=100), spending=SPENDING))
    till, member_id = await shop.till(), await shop.member()
    await done(client, till, "purchases", sale("first", member={"id": member_public_id(member_id)}))
    return till, member_id


async def token_by_qr(client: httpx.AsyncClient, shop: Shop, till: Till, member_id: int) -> dict[str, str]:
    found = await done(client, till, "lookups", {"qr": await shop.qr(member_id)})
    return {"token": found["member_token"]}


async def test_points_pay_half_of_a_basket_and_a_full_refund_restores_everything(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    till, member_id = await shop_with_a_rich_member(services, client, shop)
    member = await token_by_qr(client, shop, till, member_id)
    goods = (line("a", 3_000), line("b", 7_000))

    quote = await done(client, till, "quotes", basket(*goods, member=member, spend_points=50))
    assert quote["spend"]["max_points"] == 50
    assert quote["to_pay_minor"] == 5_000
    assert quote["lines"] == [{"line": "a", "points_minor": 1_500}, {"line": "b", "points_minor": 3_500}]
    assert quote["earn"] == [{"wallet": "points", "points": 50}], "the part paid with own points does not earn"

    hold = await done(client, till, "holds", basket(*goods, member=member, points=50))
    bought = await done(client, till, "purchases", sale("2", *goods, member=member, hold_id=hold["id"]))
    assert bought["points_used"] == 50
    assert bought["balances"] == [{"wallet": "points", "balance": 100}]

    refund = await done(
        client,
        till,
        "refunds",
        {
            "original": {"purchase_id": bought["id"]},
            "receipt": {"number": "r1", "business_date": "2026-03-02"},
            "occurred_at": "2026-03-02T10:00:00Z",
        },
    )
    assert (refund["amount_minor"], refund["points_minor"], refund["cash_minor"]) == (10_000, 5_000, 5_000)
    assert refund["balances"] == [{"wallet": "points", "balance": 100}]
    (effect,) = refund["effects"]
    assert (effect["taken"], effect["returned"]) == (50, 50)


async def test_partial_refunds_add_up_to_the_full_one(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    till, member_id = await shop_with_a_rich_member(services, client, shop)
    member = {"id": member_public_id(member_id)}
    bought = await done(client, till, "purchases", sale("2", line("a", 999, quantity="3"), member=member))
    taken, cash = [], []
    for number in ("1", "2", "3"):
        refund = await done(
            client,
            till,
            "refunds",
            {
                "original": {"purchase_id": bought["id"]},
                "lines": [{"id": "a", "quantity": "1"}],
                "receipt": {"number": number, "business_date": "2026-03-02"},
                "occurred_at": "2026-03-02T10:00:00Z",
            },
        )
        taken.append(sum(effect["taken"] for effect in refund["effects"]))
        cash.append(refund["cash_minor"])
    assert sum(taken) == 9
    assert cash == [333, 333, 333]
    more = await send(
        client,
        till,
        "refunds",
        {
            "original": {"purchase_id": bought["id"]},
            "lines": [{"id": "a", "quantity": "1"}],
            "receipt": {"number": "4", "business_date": "2026-03-02"},
            "occurred_at": "2026-03-02T10:00:00Z",
        },
    )
    assert (more.status_code, more.json()["code"]) == (422, "refund_above_purchase")


async def test_a_refund_that_comes_before_its_sale_waits_and_is_applied(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    till, member_id = await shop_with_a_rich_member(services, client, shop)
    refund = {
        "original": {"receipt": {"number": "late", "business_date": "2026-03-02"}},
        "receipt": {"number": "r1", "business_date": "2026-03-02"},
        "occurred_at": "2026-03-02T10:00:00Z",
    }
    waiting = await done(client, till, "refunds", refund, key="waits")
    assert waiting["kind"] == "waiting"
    await done(client, till, "purchases", sale("late", member={"id": member_public_id(member_id)}))
    again = await done(client, till, "refunds", refund, key="waits")
    assert again == waiting, "a replayed answer stays the same"
    quote = await done(client, till, "quotes", basket(member={"id": member_public_id(member_id)}))
    assert quote["spend"]["available_points"] == 100, "what the late sale earned has been taken back"


async def test_a_phone_alone_earns_and_cannot_spend(services: Services, client: httpx.AsyncClient, shop: Shop) -> None:
    till, member_id = await shop_with_a_rich_member(services, client, shop)
    refused = await send(client, till, "holds", basket(member={"id": member_public_id(member_id)}, points=10))
    assert (refused.status_code, refused.json()["code"]) == (403, "proof_needed")


async def test_a_voided_sale_is_refused_when_it_comes_and_undone_when_it_came(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    till, member_id = await shop_with_a_rich_member(services, client, shop)
    member = {"id": member_public_id(member_id)}
    receipt = {"number": "x", "business_date": "2026-03-02"}
    assert await done(client, till, "voids", {"receipt": receipt}) == {"kind": "sale", "hold": None, "refund": None}
    refused = await send(client, till, "purchases", sale("x", member=member))
    assert (refused.status_code, refused.json()["code"]) == (409, "receipt_voided")
    voided = await done(client, till, "voids", {"receipt": {"number": "first", "business_date": "2026-03-02"}})
    assert voided["refund"]["balances"] == [{"wallet": "points", "balance": 0}]


async def test_points_that_were_spent_become_debt_when_their_purchase_is_refunded(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    till, member_id = await shop_with_a_rich_member(services, client, shop)
    member = await token_by_qr(client, shop, till, member_id)
    hold = await done(client, till, "holds", basket(line("a", 20_000), member=member, points=100))
    await done(client, till, "purchases", sale("2", line("a", 20_000), member=member, hold_id=hold["id"]))
    refund = await done(
        client,
        till,
        "refunds",
        {
            "original": {"receipt": {"number": "first", "business_date": "2026-03-02"}},
            "receipt": {"number": "r1", "business_date": "2026-03-02"},
            "occurred_at": "2026-03-02T10:00:00Z",
        },
    )
    (effect,) = refund["effects"]
    assert (effect["taken"], effect["owed"]) == (100, 100)
    assert refund["balances"] == [{"wallet": "points", "balance": 0}], "the 100 of the second sale repaid the debt"


@pytest.mark.parametrize(
    ("smaller", "points_used", "taken", "worth_minor"),
    [
        ({"goods": line("a", 2_000)}, None, 20, 2_000),
        ({"goods": line("a", 10_000), "discount_minor": 8_000}, None, 20, 2_000),
        ({"goods": line("a", 2_050), "rounding_minor": -50}, None, 20, 2_000),
        ({"goods": line("a", 2_000)}, 50, 50, 2_000),
        ({"goods": line("a", 2_000)}, 7, 7, 700),
    ],
)
async def test_points_pay_no_more_than_a_basket_that_has_shrunk_costs(
    services: Services,
    client: httpx.AsyncClient,
    shop: Shop,
    smaller: dict[str, Any],
    points_used: int | None,
    taken: int,
    worth_minor: int,
) -> None:
    till, member_id = await shop_with_a_rich_member(services, client, shop)
    member = await token_by_qr(client, shop, till, member_id)
    hold = await done(client, till, "holds", basket(line("a", 10_000), member=member, points=50))
    goods, terms = smaller["goods"], {name: value for name, value in smaller.items() if name != "goods"}
    used = {} if points_used is None else {"points_used": points_used}
    body = sale("2", goods, member=member, hold_id=hold["id"], **terms, **used)
    bought = await done(client, till, "purchases", body)
    assert (bought["points_used"], bought["points_value_minor"]) == (taken, worth_minor)
    assert bought["to_pay_minor"] == 2_000 - worth_minor
    returned = await done(client, till, "refunds", refund("2"))
    assert returned["points_minor"] == worth_minor, "no cash leaves the drawer for what points had paid"
    assert returned["balances"] == [{"wallet": "points", "balance": 100}]


async def test_a_late_capture_of_a_wallet_that_the_programme_dropped_is_recorded(
    services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    till, member_id = await shop_with_a_rich_member(services, client, shop)
    member = await token_by_qr(client, shop, till, member_id)
    hold = await done(client, till, "holds", basket(member=member, points=50))
    stars = {**POINTS, "code": "stars"}
    await publish(services, programme(rate(), wallets=[stars], primary_wallet="stars", spending=SPENDING))
    clock.advance(minutes=31)
    session = await client.post("/v1/pos/sessions", json={"key": till.key})
    till = Till(till.terminal_id, till.key_id, till.key, bearer(session.json()["access_token"]))
    owner = {"id": member_public_id(member_id)}
    bought = await done(client, till, "purchases", sale("2", member=owner, hold_id=hold["id"]))
    assert bought["points_used"] == 50


async def test_refunds_in_many_parts_lower_the_cash_by_what_one_would(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    spending = {"value": {"points": 10, "minor": 1}, "needs_proof": False}
    await publish(services, programme(rate(points=1, per_minor=1), spending=spending, refunds=REDUCE_CASH))
    till, owner = await shop.till(), {"id": member_public_id(await shop.member())}
    await done(client, till, "purchases", sale("first", line("a", 100, quantity="20"), member=owner))
    goods = line("b", 10)
    hold = await done(client, till, "holds", basket(goods, member=owner, points=100))
    await done(client, till, "purchases", sale("2", goods, member=owner, hold_id=hold["id"]))
    parts = [refund("first", f"r{part}", lines=[{"id": "a", "quantity": "1"}]) for part in range(20)]
    reduced = [(await done(client, till, "refunds", part))["cash_reduction_minor"] for part in parts]
    assert sum(reduced) == 10, "5 of 100 spent points a time are worth half a unit"


@pytest.mark.parametrize("parts", [["goods", "tobacco"], ["tobacco", "goods"], [""]])
async def test_what_is_more_than_the_cash_of_one_part_is_kept_from_the_next(
    services: Services, client: httpx.AsyncClient, shop: Shop, parts: list[str]
) -> None:
    """Points paid for the goods and not the tobacco; what the two earned is spent, and lowers the cash by 50."""
    spending = {"value": {"points": 1, "minor": 100}, "needs_proof": False, "excluded": {"skus": ["tobacco"]}}
    rules = [fixed("one", 100, condition="purchase.lines_count == 1")]
    rules.append(fixed("two", 50, condition="purchase.lines_count == 2"))
    await publish(services, programme(*rules, spending=spending, refunds=REDUCE_CASH))
    till, owner = await shop.till(), {"id": member_public_id(await shop.member())}
    await done(client, till, "purchases", sale("first", member=owner))
    two, three = (line("goods"), line("tobacco", sku="tobacco")), (line("a", 5_000), line("b", 1), line("c", 1))
    for number, goods, points in [("2", two, 100), ("3", three, 50)]:
        hold = await done(client, till, "holds", basket(*goods, member=owner, points=points))
        await done(client, till, "purchases", sale(number, *goods, member=owner, hold_id=hold["id"]))
    cash = 0
    for part in parts:
        lines = {"lines": [{"id": part, "quantity": "1"}]} if part else {}
        cash += (await done(client, till, "refunds", refund("2", f"r-{part}", **lines)))["cash_minor"]
    assert cash == 10_000 - 5_000


@pytest.mark.parametrize("rounding_minor", [-99, -1, 100])
@pytest.mark.parametrize("order", ["ab", "ba"])
@pytest.mark.parametrize("points", [0, 30, 59])
async def test_the_rounding_comes_back_with_the_last_of_the_goods(
    services: Services, client: httpx.AsyncClient, shop: Shop, rounding_minor: int, order: str, points: int
) -> None:
    paying = {"value": {"points": 1, "minor": 100}, "needs_proof": False}
    await publish(services, programme(rate(points=1, per_minor=100), spending=paying))
    till, owner = await shop.till(), {"id": member_public_id(await shop.member())}
    await done(client, till, "purchases", sale("first", member=owner))
    terms: dict[str, Any] = {"member": owner, "rounding_minor": rounding_minor}
    goods = (line("a", 5_949), line("b", 50))
    if points:
        hold = await done(client, till, "holds", basket(*goods, **terms, points=points))
        terms["hold_id"] = hold["id"]
    bought = await done(client, till, "purchases", sale("2", *goods, **terms))
    whole = {"original": {"purchase_id": bought["id"]}}
    assert (await done(client, till, "refund-quotes", whole))["cash_minor"] == bought["to_pay_minor"]
    parts = [
        await done(client, till, "refunds", refund("2", f"r{each}", lines=[{"id": each, "quantity": "1"}]))
        for each in order
    ]
    assert sum(part["amount_minor"] for part in parts) == 5_999 + rounding_minor
    assert sum(part["cash_minor"] for part in parts) == bought["to_pay_minor"]
    assert all(0 <= part["cash_minor"] <= part["amount_minor"] for part in parts)
    await assert_verified(services)


@pytest.mark.parametrize(
    ("price_minor", "rounding_minor", "at_most"),
    [(1_000, -100, None), (1_000, 101, 100), (5_000, -250, None), (5_000, -251, 250), (10_000, -9_999, 500)],
)
async def test_a_rounding_is_at_most_a_coin(
    services: Services,
    client: httpx.AsyncClient,
    shop: Shop,
    price_minor: int,
    rounding_minor: int,
    at_most: int | None,
) -> None:
    await publish(services)
    body = sale("1", line(amount_minor=price_minor), rounding_minor=rounding_minor)
    answer = await send(client, await shop.till(), "purchases", body)
    assert answer.status_code == (201 if at_most is None else 422)
    assert answer.json().get("at_most") == at_most


async def test_a_line_without_quantity_comes_back_with_the_last_of_the_others(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    till, owner = await shop.till(), {"id": member_public_id(await shop.member())}
    goods = (line("a", 3_000, quantity="2"), line("surcharge", 1_000, quantity="0"))
    await done(client, till, "purchases", sale("1", *goods, member=owner))
    first = await done(client, till, "refunds", refund("1", "r1", lines=[{"id": "a", "quantity": "1"}]))
    last = await done(client, till, "refunds", refund("1", "r2"))
    assert (first["amount_minor"], last["amount_minor"]) == (1_500, 2_500)
    assert last["balances"] == [{"wallet": "points", "balance": 0}]


@pytest.mark.parametrize("named", [(), ("fee", "gift")])
async def test_a_basket_without_any_quantity_comes_back_whole_and_once(
    services: Services, client: httpx.AsyncClient, shop: Shop, named: tuple[str, ...]
) -> None:
    await publish(services)
    till, owner = await shop.till(), {"id": member_public_id(await shop.member())}
    goods = (line("fee", 3_000, quantity="0"), line("gift", 1_000, quantity="0"))
    await done(client, till, "purchases", sale("1", *goods, member=owner))
    part = await send(client, till, "refunds", refund("1", "r0", lines=[{"id": "fee", "quantity": "0"}]))
    assert (part.status_code, part.json()["code"]) == (409, "nothing_to_refund")
    lines = [{"id": line_id, "quantity": "0"} for line_id in named]
    whole = await done(client, till, "refunds", refund("1", "r1", lines=lines))
    assert (whole["cash_minor"], [each["quantity"] for each in whole["lines"]]) == (4_000, ["0", "0"])
    assert whole["balances"] == [{"wallet": "points", "balance": 0}]
    again = await send(client, till, "refunds", refund("1", "r2", lines=lines))
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_refund")
    await done(client, till, "purchases", sale("2", *goods, member=owner))
    voided = await done(client, till, "voids", {"receipt": {"number": "2", "business_date": "2026-03-02"}})
    assert voided["refund"]["balances"] == [{"wallet": "points", "balance": 0}]
    await assert_verified(services)


async def test_a_refunds_own_number_never_stands_in_the_way_of_a_quote(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    till, owner = await shop.till(), {"id": member_public_id(await shop.member())}
    bought = await done(client, till, "purchases", sale("1", line("a", quantity="2"), member=owner))
    half = refund("1", lines=[{"id": "a", "quantity": "1"}])
    await done(client, till, "refunds", {**half, "receipt": {"number": "-", "shift": "-"}})
    quoted = await done(client, till, "refund-quotes", {"original": {"purchase_id": bought["id"]}})
    assert quoted["amount_minor"] == 5_000


async def test_a_refusals_status_is_the_answers_whatever_the_thing_it_is_about_has(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    till, member_id = await shop_with_a_rich_member(services, client, shop)
    member = await token_by_qr(client, shop, till, member_id)
    hold = await done(client, till, "holds", basket(member=member, points=50))
    await done(client, till, "voids", {"hold_id": hold["id"]})
    again = (await send(client, till, "voids", {"hold_id": hold["id"]})).json()
    assert (again["status"], again["code"], again["hold_status"]) == (409, "hold_not_open", "voided")


async def test_a_rule_about_the_balance_pays_what_the_quote_promised(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    """The balance is that of before the sale, whatever points pay of it."""
    rich = fixed("rich", 7, condition="member.balance_points >= 100")
    await publish(services, programme(rate(points=1, per_minor=100), rich, spending=SPENDING))
    till, member_id = await shop.till(), await shop.member()
    await done(client, till, "purchases", sale("first", member={"id": member_public_id(member_id)}))
    member = await token_by_qr(client, shop, till, member_id)
    quote = await done(client, till, "quotes", basket(member=member, spend_points=50))
    hold = await done(client, till, "holds", basket(member=member, points=50))
    bought = await done(client, till, "purchases", sale("2", member=member, hold_id=hold["id"]))
    assert quote["rules"] == bought["rules"] == [{"rule": "base", "points": 50}, {"rule": "rich", "points": 7}]


async def test_a_refund_knows_the_version_that_another_process_has_sold_with(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services)
    known_here = services.programmes.at(services.clock())
    await publish(services, programme(rate(points=2)))
    till, member = await shop.till(), {"id": member_public_id(await shop.member())}
    await done(client, till, "purchases", sale("1", member=member, occurred_at=services.clock().isoformat()))
    services.programmes.replace([(services.clock(), known_here)])
    assert services.programmes.version(2) is None
    returned = await done(client, till, "refunds", refund("1"))
    assert [effect["taken"] for effect in returned["effects"]] == [200]


async def test_points_that_repaid_a_debt_come_back_to_expire_as_new_ones_would(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    spending = {"value": {"points": 1, "minor": 100}, "needs_proof": False}
    rules = programme(rate(points=1, per_minor=100), spending=spending, expiry={"kind": "days", "count": 30})
    await publish(services, rules)
    till, member = await shop.till(), {"id": member_public_id(await shop.member())}
    await done(client, till, "purchases", sale("first", member=member))
    goods = (line("a", 10_000),)
    late = await done(client, till, "holds", basket(*goods, member=member, points=100))
    await done(client, till, "voids", {"hold_id": late["id"]})
    spent = await done(client, till, "holds", basket(*goods, member=member, points=100))
    for number, hold in (("spent", spent), ("late", late)):
        await done(client, till, "purchases", sale(number, *goods, member=member, hold_id=hold["id"]))
    await done(client, till, "purchases", sale("repaying", *goods, member=member))
    await done(client, till, "refunds", refund("late", "back"))
    lots = await fetch(services, "SELECT DISTINCT cause_kind, expires_at IS NULL FROM lot ORDER BY 1")
    assert lots == [("purchase", False), ("refund", False)]
    await assert_verified(services)
